"""KMS keys of log groups: new data only, and what a disabled key hides."""

import logskit
import pytest
from botocore.exceptions import ClientError

GROUP = "/secret"
WHERE = {"logGroupName": GROUP, "logStreamName": "s"}


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(**WHERE)
    return client


@pytest.fixture
def key(lab):
    return logskit.key(lab)


def put(lab, logs, text):
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(**WHERE, logEvents=[{"timestamp": at, "message": text}])


def texts(logs):
    return [e["message"] for e in logs.filter_log_events(logGroupName=GROUP)["events"]]


def shown(logs):
    return logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0].get("kmsKeyId")


def test_a_disabled_key_hides_what_it_encrypted_until_it_is_enabled(lab, logs, key):
    kms = lab.client("kms")
    put(lab, logs, "before")
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    assert shown(logs) == key
    kms.disable_key(KeyId=key[-36:])
    assert texts(logs) == ["before"]  # nothing is under the key yet
    kms.enable_key(KeyId=key[-36:])
    put(lab, logs, "under the key")
    kms.disable_key(KeyId=key[-36:])
    with pytest.raises(ClientError, match="KMS key that can't be used"):
        texts(logs)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.get_log_events(**WHERE)
    kms.enable_key(KeyId=key[-36:])
    assert texts(logs) == ["before", "under the key"]


def test_a_key_that_was_taken_off_still_guards_what_is_under_it(lab, logs, key):
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    put(lab, logs, "under the key")
    logs.disassociate_kms_key(logGroupName=GROUP)
    assert shown(logs) is None
    lab.client("kms").disable_key(KeyId=key[-36:])
    with pytest.raises(ClientError, match="KMS key that can't be used"):
        texts(logs)


@pytest.mark.parametrize("wrong", ["gone", "disabled", "no ARN"])
def test_a_key_that_logs_may_not_use(lab, logs, key, wrong):
    given = {"gone": key[:-4] + "0000", "disabled": key, "no ARN": key.rpartition("/")[2]}[wrong]
    if wrong == "disabled":
        lab.client("kms").disable_key(KeyId=key[-36:])
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=given)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.create_log_group(logGroupName="/other", kmsKeyId=given)
    assert shown(logs) is None


def test_a_keys_own_policy_has_to_let_the_service_in(lab, logs):
    kms = lab.client("kms")
    fresh = kms.create_key()["KeyMetadata"]["Arn"]
    told = (
        r"\(AccessDeniedException\).*The specified KMS key does not exist or is not allowed to be "
        r"used with Arn 'arn:aws:logs:us-east-1:123456789012:log-group:/secret'"
    )
    for wrong in (fresh, logskit.key(lab, "/another")):
        with pytest.raises(ClientError, match=told):
            logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=wrong)
    mine = logskit.key(lab, GROUP)
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=mine)
    put(lab, logs, "under the key")
    assert texts(logs) == ["under the key"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        logs.create_log_group(logGroupName="/other", kmsKeyId=mine)
    default = kms.get_key_policy(KeyId=fresh, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=mine, PolicyName="default", Policy=default)
    with pytest.raises(ClientError, match=r"does not let logs\.us-east-1"):
        texts(logs)


def test_results_of_queries_are_a_context_of_their_own(lab, logs):
    results = "arn:aws:logs:us-east-1:123456789012:query-result:*"
    with pytest.raises(ClientError, match=r"AccessDeniedException.*query-result"):
        logs.associate_kms_key(resourceIdentifier=results, kmsKeyId=logskit.key(lab, GROUP))
