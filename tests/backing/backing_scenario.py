"""A day's work over all mounted services, and a digest of every byte that came back.

``python tests/backing/backing_scenario.py`` prints the digest: the test of determinism runs it in
processes with different hash seeds, at different real times.
"""

from __future__ import annotations

import contextlib
import json
import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from backing_bench import ACCOUNT, OTHER, Bench  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
)


def machines(bench: Bench) -> None:
    ec2 = bench.client("ec2")
    ec2.describe_vpcs()
    ec2.describe_images(Owners=["amazon"])
    ec2.create_key_pair(KeyName="first")
    ec2.create_key_pair(KeyName="second", KeyType="ed25519")
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    made = ec2.run_instances(
        ImageId="ami-0abc",
        MinCount=1,
        MaxCount=2,
        InstanceType="t3.micro",
        KeyName="first",
        SecurityGroupIds=[group],
        Monitoring={"Enabled": True},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a"}]}],
    )["Instances"]
    ids = [one["InstanceId"] for one in made]
    ec2.describe_instances()
    bench.advance(20)
    ec2.describe_instance_status()
    ec2.stop_instances(InstanceIds=ids[:1])
    bench.advance(7)
    ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["stopping"]}])
    bench.advance(60)
    ec2.start_instances(InstanceIds=ids[:1])
    ec2.reboot_instances(InstanceIds=ids[1:])
    ec2.unmonitor_instances(InstanceIds=ids)
    ec2.allocate_address(Domain="vpc")
    groups = [group]
    for name in ("db", "cache", "queue"):
        groups.append(ec2.create_security_group(GroupName=name, Description=name)["GroupId"])
    walled = ec2.run_instances(ImageId="ami-0abc", MinCount=3, MaxCount=3, SecurityGroupIds=groups)[
        "Instances"
    ]
    ec2.terminate_instances(InstanceIds=[one["InstanceId"] for one in walled])
    ec2.run_instances(ImageId="ami-0abc", MinCount=2, MaxCount=2, SecurityGroupIds=groups)
    ec2.describe_network_interfaces()
    ec2.describe_route_tables()
    missing = [f"sg-0123456789abcde{digit}" for digit in "0123"]
    with contextlib.suppress(ClientError):
        ec2.describe_security_groups(GroupIds=missing)
    with contextlib.suppress(ClientError):
        ec2.describe_volumes(VolumeIds=[f"vol-0123456789abcde{digit}" for digit in "0123"])
    ec2.create_volume(Size=8, AvailabilityZone="us-east-1a")
    ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"ImageId": "ami-0abc"})
    bench.advance(60)
    ec2.terminate_instances(InstanceIds=ids)
    bench.advance(60)
    ec2.describe_instances()
    ec2.describe_volumes()
    ec2.describe_subnets()
    ec2.describe_security_groups()
    ec2.describe_instance_type_offerings(Filters=[{"Name": "instance-type", "Values": ["t3.nano"]}])
    for wrong in (["i-0123456789abcdef0", "i-0fedcba9876543210", "i-00000000000000000"], ids):
        with contextlib.suppress(ClientError):
            ec2.start_instances(InstanceIds=wrong)
    with contextlib.suppress(ClientError):
        ec2.describe_instances(InstanceIds=["i-0123456789abcdef0", "i-0fedcba9876543210"])


def messages(bench: Bench) -> None:
    sns, sqs = bench.client("sns"), bench.client("sqs")
    queue = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "10"})["QueueUrl"]
    sqs.create_queue(QueueName="o.fifo", Attributes={"FifoQueue": "true"})
    topic = sns.create_topic(Name="alerts", Tags=[{"Key": "team", "Value": "ops"}])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
        Attributes={"FilterPolicy": json.dumps({"level": ["high", "low"]})},
        ReturnSubscriptionArn=True,
    )
    bench.sns.confirm(bench.mails()[-1]["confirm_token"])
    sns.publish(
        TopicArn=topic,
        Message="hot",
        Subject="oh",
        MessageAttributes={"level": {"DataType": "String", "StringValue": "high"}},
    )
    sns.publish(TopicArn=topic, Message="hot")
    sns.list_subscriptions()
    sns.get_topic_attributes(TopicArn=topic)
    sqs.send_message(QueueUrl=queue, MessageBody="one", DelaySeconds=5)
    got = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=20,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )["Messages"]
    bench.advance(30)
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"])
    sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    sqs.list_queues()
    bench.deliver(topic, "from an alarm", "cloudwatch.amazonaws.com", subject="ALARM")
    bench.deliver(f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "x", "cloudwatch.amazonaws.com")


def objects(bench: Bench) -> None:
    s3 = bench.client("s3")
    s3.create_bucket(Bucket="notes-1")
    s3.create_bucket(Bucket="logs-1")
    s3.put_bucket_versioning(Bucket="notes-1", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="notes-1", Key="a/b c.txt", Body=b"one", Metadata={"x": "1", "a": "2"})
    s3.put_object(Bucket="notes-1", Key="a/b c.txt", Body=b"two", Tagging="b=1&a=2")
    s3.get_object(Bucket="notes-1", Key="a/b c.txt")
    s3.head_object(Bucket="notes-1", Key="a/b c.txt")
    s3.list_objects_v2(Bucket="notes-1", Prefix="a/")
    s3.list_object_versions(Bucket="notes-1")
    s3.delete_object(Bucket="notes-1", Key="a/b c.txt")
    upload = s3.create_multipart_upload(Bucket="notes-1", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="notes-1", Key="big", UploadId=upload, PartNumber=1, Body=b"z" * 9)
    s3.complete_multipart_upload(
        Bucket="notes-1",
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    for folder in ("x/1", "y/2", "z/3", "w/4"):
        s3.put_object(Bucket="notes-1", Key=folder, Body=b"")
    s3.list_objects_v2(Bucket="notes-1", Delimiter="/")
    s3.list_object_versions(Bucket="notes-1", Delimiter="/")
    s3.list_buckets()
    s3.get_bucket_location(Bucket="notes-1")
    with contextlib.suppress(ClientError):
        s3.get_object(Bucket="notes-1", Key="none")


def people(bench: Bench) -> None:
    iam, sts = bench.client("iam"), bench.client("sts")
    iam.create_user(UserName="anna", Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(GroupName="ops", UserName="anna")
    key = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
    role = iam.create_role(RoleName="audit", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    policy = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="audit", PolicyArn=policy)
    iam.attach_user_policy(UserName="anna", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=READ)
    iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
    sts.assume_role(RoleArn=role, RoleSessionName="monday")
    sts.get_session_token()
    bench.client("sts", key=key).get_caller_identity()
    iam.list_users()
    iam.list_policies(Scope="Local")
    iam.list_access_keys(UserName="anna")
    iam.get_account_summary()
    bench.client("iam", account=OTHER).list_users()


def keys(bench: Bench) -> None:
    kms = bench.client("kms")
    key = kms.create_key(Description="notes")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/notes", TargetKeyId=key)
    blob = kms.encrypt(KeyId="alias/notes", Plaintext=b"hello")["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob)
    kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.generate_random(NumberOfBytes=16)
    for spec, algorithm in (
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    ):
        signer = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.sign(KeyId=signer, Message=b"hello", SigningAlgorithm=algorithm)
        kms.get_public_key(KeyId=signer)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.describe_key(KeyId=key)
    kms.list_aliases()


def secrets(bench: Bench) -> None:
    client = bench.client("secretsmanager")
    client.create_secret(Name="db", SecretString="one", ClientRequestToken="1" * 32)
    client.put_secret_value(SecretId="db", SecretString="two", ClientRequestToken="2" * 32)
    bench.advance(60)
    client.get_secret_value(SecretId="db")
    client.describe_secret(SecretId="db")
    client.list_secret_version_ids(SecretId="db")
    client.get_random_password()
    client.delete_secret(SecretId="db")
    ssm = bench.client("ssm")
    for name in ("/shop/a", "/shop/b", "/shop/c"):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    ssm.get_parameters(Names=["/shop/c", "/shop/a"])
    ssm.get_parameters_by_path(Path="/shop")
    ssm.get_parameter_history(Name="/shop/a")


def tables(bench: Bench) -> None:
    client = bench.client("dynamodb")
    client.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    for turn in range(3):
        client.put_item(
            TableName="orders",
            Item={"id": {"S": str(turn)}, "t": {"SS": ["c", "a", "b"]}},
        )
    client.update_item(
        TableName="orders",
        Key={"id": {"S": "1"}},
        UpdateExpression="ADD t :more",
        ExpressionAttributeValues={":more": {"SS": ["z", "y"]}},
    )
    client.scan(TableName="orders")
    client.query(
        TableName="orders",
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": "1"}},
    )
    client.delete_item(TableName="orders", Key={"id": {"S": "0"}}, ReturnValues="ALL_OLD")
    client.create_backup(TableName="orders", BackupName="monday")
    told = client.describe_table(TableName="orders")["Table"]
    streams = bench.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=told["LatestStreamArn"])["StreamDescription"]
    iterator = streams.get_shard_iterator(
        StreamArn=told["LatestStreamArn"],
        ShardId=shard["Shards"][0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    streams.get_records(ShardIterator=iterator)


def groups(bench: Bench) -> None:
    client = bench.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web-1", ImageId="ami-0abc", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web-1",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        AvailabilityZones=["us-east-1a", "us-east-1b"],
        Tags=[{"Key": "app", "Value": "shop", "PropagateAtLaunch": True}],
    )
    client.put_lifecycle_hook(
        AutoScalingGroupName="web",
        LifecycleHookName="h",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=60,
    )
    client.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="out",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    client.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute")
    bench.advance(60)
    client.execute_policy(AutoScalingGroupName="web", PolicyName="out")
    bench.advance(60)
    client.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    bench.advance(180)
    client.suspend_processes(AutoScalingGroupName="web")
    client.describe_auto_scaling_groups()
    client.describe_scaling_activities()
    client.describe_policies()


def scenario(bench: Bench) -> str:
    """Do it all; the digest of every answer and fact."""
    for part in (people, machines, messages, objects, keys, secrets, tables, groups):
        part(bench)
    assert not bench.world.failures, list(bench.world.failures)
    return digest(bench)


def digest(bench: Bench) -> str:
    """What came back and what was told, to the byte."""
    text = sha256()
    for answer in bench.answers:
        text.update(repr((answer.status, sorted(answer.headers.items()), answer.body)).encode())
    for fact in bench.told:
        text.update(json.dumps([fact.kind, fact.at_us, fact.account, dict(fact.data)]).encode())
    return text.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(scenario(Bench()) + "\n")
