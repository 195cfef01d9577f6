"""Two labs of one seed answer the same, to the last id, token and date; another seed does not."""

import json

import pytest

import labkit
from labkit.core.jsontext import dumps


def machines(lab):
    ec2 = lab.client("ec2")
    made = ec2.run_instances(ImageId="ami-0abc", MinCount=1, MaxCount=1)  # brings a ClientToken
    yield made
    yield ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-0abc"}
    )
    lab.advance(minutes=1)
    yield ec2.describe_instances()


def secrets(lab):
    client = lab.client("secretsmanager")
    yield client.create_secret(Name="db", SecretString="one")  # a token becomes its VersionId
    yield client.put_secret_value(SecretId="db", SecretString="two")
    yield client.describe_secret(SecretId="db")


def buckets(lab):
    client = lab.client("s3")
    client.create_bucket(Bucket="notes-1")
    client.put_bucket_versioning(Bucket="notes-1", VersioningConfiguration={"Status": "Enabled"})
    yield client.put_object(Bucket="notes-1", Key="k", Body=b"v")
    yield client.list_buckets()
    yield client.create_multipart_upload(Bucket="notes-1", Key="big")
    yield client.list_object_versions(Bucket="notes-1")


def keys(lab):
    client = lab.client("kms")
    key = client.create_key()["KeyMetadata"]
    yield key
    yield client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    yield client.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")


def tables(lab):
    client = lab.client("dynamodb")
    yield client.create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def parameters(lab):
    client = lab.client("ssm")
    yield client.put_parameter(Name="a", Value="1", Type="SecureString")
    yield client.get_parameter(Name="a", WithDecryption=True)


def sessions(lab):
    yield lab.client("sts").get_session_token()


def groups(lab):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="w", ImageId="ami-0abc", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="w",
        LaunchConfigurationName="w",
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )
    lab.advance(minutes=1)
    yield client.describe_auto_scaling_groups()
    yield client.describe_scaling_activities()


def told(work, seed):
    with labkit.Lab(seed=seed, active=False) as lab:
        return [json.loads(dumps(_plain(answer))) for answer in work(lab)]


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


@pytest.mark.parametrize(
    "work", [machines, secrets, buckets, keys, tables, parameters, sessions, groups]
)
def test_one_seed_one_world(work):
    first = told(work, 3)
    assert told(work, 3) == first
    assert told(work, 4) != first


def test_a_saved_world_comes_back_with_its_groups_and_keys(lab, tmp_path):
    for work in (groups, keys, secrets):
        list(work(lab))
    lab.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="w", MaxSize=3, DesiredCapacity=3
    )
    lab.advance(minutes=5)
    before = lab.client("autoscaling").describe_scaling_activities()["Activities"]
    with labkit.Lab.open(lab.save(tmp_path / "world")) as again:
        after = again.client("autoscaling").describe_scaling_activities()["Activities"]
        assert after == before
        assert again.client("kms").list_keys()["Keys"] == lab.client("kms").list_keys()["Keys"]
