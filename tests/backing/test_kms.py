"""KMS: keys on the clock, states that refuse, policies, and the port key_usable."""

import json

import pytest
from botocore.exceptions import ClientError

ADMINISTER = {"Sid": "admin", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}


@pytest.fixture()
def kms(lab):
    return lab.client("kms")


@pytest.fixture()
def key(kms):
    made = kms.create_key(Description="logs")["KeyMetadata"]
    kms.create_alias(AliasName="alias/logs", TargetKeyId=made["KeyId"])
    return made


def state(kms, key):
    return kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]


def test_what_is_encrypted_comes_back(kms, key):
    context = {"order": "7"}
    blob = kms.encrypt(KeyId="alias/logs", Plaintext=b"hello", EncryptionContext=context)
    answer = kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"hello", key["Arn"])
    with pytest.raises(ClientError, match="InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={"order": "8"})


def test_a_data_key_opens_with_the_key(kms, key):
    made = kms.generate_data_key(KeyId=key["Arn"], KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert len(made["Plaintext"]) == 32


def test_a_disabled_key_refuses(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    for call in (
        lambda: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=blob),
        lambda: kms.generate_data_key(KeyId="alias/logs", KeySpec="AES_256"),
    ):
        with pytest.raises(ClientError, match="DisabledException") as told:
            call()
        assert f"{key['Arn']} is disabled" in str(told.value)
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_key_is_named_by_its_arn_as_well(lab, kms, key):
    told = []
    for change in ("disable_key", "enable_key", "schedule_key_deletion", "cancel_key_deletion"):
        getattr(kms, change)(KeyId=key["Arn"])
        told.append(state(kms, key))
    assert told == ["Disabled", "Enabled", "PendingDeletion", "Disabled"]
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    copied = kms.replicate_key(KeyId=made, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    assert copied["Arn"] == made.replace("us-east-1", "eu-west-1")


def test_a_key_is_gone_on_its_day(lab, kms, key):
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert state(kms, key) == "PendingDeletion"
    for refused in (kms.enable_key, kms.disable_key):
        with pytest.raises(ClientError, match="KMSInvalidStateException"):
            refused(KeyId=key["KeyId"])
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    lab.advance(days=6, hours=23)
    assert state(kms, key) == "PendingDeletion"
    lab.advance(hours=2)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.describe_key(KeyId=key["KeyId"])


def test_somebody_thinks_better_of_it(lab, kms, key):
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.advance(days=2)
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    lab.advance(days=30)
    assert state(kms, key) == "Disabled"


def test_whether_a_key_may_be_used(lab, kms, key):
    def ask(name):
        verdict = lab.world.ports.key_usable(name, "123456789012", "us-east-1")
        return verdict.value, verdict.because[0].rule

    for name in (key["KeyId"], key["Arn"], "alias/logs"):
        assert ask(name) == (True, "Enabled")
    assert ask("alias/aws/s3") == (True, "AWS managed key")
    assert ask("alias/none") == (False, "NotFoundException")
    kms.disable_key(KeyId=key["KeyId"])
    assert ask("alias/logs") == (False, "DisabledException")
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert ask(key["Arn"]) == (False, "KMSInvalidStateException")


def test_the_policy_of_a_key_decides_first(lab, kms, key):
    lab.user("anna", {"Version": "2012-10-17", "Statement": [ADMINISTER]})
    theirs = lab.user("anna").client("kms")
    assert theirs.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["KeyId"] == key["Arn"]
    only_ben = {
        "Version": "2012-10-17",
        "Statement": [{**ADMINISTER, "Principal": {"AWS": "arn:aws:iam::123456789012:user/ben"}}],
    }
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(only_ben))
    with pytest.raises(ClientError, match="no resource-based policy allows the kms:Encrypt"):
        theirs.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    ben = lab.user("ben").client("kms")
    assert ben.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["KeyId"] == key["Arn"]


def test_signatures_fit(kms):
    key = kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    how = {"KeyId": key, "Message": b"hello", "SigningAlgorithm": "ECDSA_SHA_384"}
    signature = kms.sign(**how)["Signature"]
    assert kms.sign(**how)["Signature"] == signature
    assert kms.verify(**how, Signature=signature)["SignatureValid"]
