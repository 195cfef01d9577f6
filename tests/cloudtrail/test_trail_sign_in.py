"""ConsoleLogin and CheckMfa as the user guide shows them."""

import json

import pytest


@pytest.fixture
def logins(lab):
    def look(name="ConsoleLogin", region="us-east-1"):
        attribute = [{"AttributeKey": "EventName", "AttributeValue": name}]
        client = lab.client("cloudtrail", region_name=region)
        events = client.lookup_events(LookupAttributes=attribute)["Events"]
        return [json.loads(event["CloudTrailEvent"]) for event in events]

    return look


def test_a_user_with_a_second_factor(lab, logins):
    lab.sign_in("mara", mfa=True, source_ip="203.0.113.9")
    (record,) = logins()
    assert record["userIdentity"]["userName"] == "mara"
    assert record["userIdentity"]["arn"].endswith(":user/mara")
    assert record["sourceIPAddress"] == "203.0.113.9"
    assert record["eventSource"] == "signin.amazonaws.com"
    assert record["eventType"] == "AwsConsoleSignIn"
    assert record["responseElements"] == {"ConsoleLogin": "Success"}
    assert record["requestParameters"] is None
    assert record["readOnly"] is False
    additional = record["additionalEventData"]
    assert additional["MFAUsed"] == "Yes"
    assert additional["MFAIdentifier"].endswith(":mfa/mara")
    (check,) = logins("CheckMfa")
    assert check["responseElements"] == {"CheckMfa": "Success"}
    assert check["eventID"] != record["eventID"]


def test_root_is_recorded_in_virginia_wherever_the_lab_is(lab, logins):
    lab.sign_in("root", region_name="eu-west-1")
    assert logins(region="eu-west-1") == []
    (record,) = logins()
    assert record["awsRegion"] == "us-east-1"
    assert record["userIdentity"] == {
        "type": "Root",
        "principalId": lab.account,
        "arn": f"arn:aws:iam::{lab.account}:root",
        "accountId": lab.account,
        "accessKeyId": "",
    }
    assert "MFAIdentifier" not in record["additionalEventData"]


def test_a_failed_sign_in_has_a_message_and_no_arn(lab, logins):
    lab.sign_in("lena", ok=False)
    (record,) = logins()
    assert record["errorMessage"] == "Failed authentication"
    assert "errorCode" not in record
    assert record["responseElements"] == {"ConsoleLogin": "Failure"}
    assert "arn" not in record["userIdentity"]
    assert record["userIdentity"]["accessKeyId"] == ""


def test_a_name_that_nobody_has_is_hidden(lab, logins):
    lab.sign_in("correct horse", ok=False, reason="No username found in supplied account")
    (record,) = logins()
    assert record["userIdentity"]["userName"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert "correct horse" not in json.dumps(record)


def test_a_sign_in_is_replayed(lab, logins):
    lab.sign_in("root", ok=False)
    lab.sign_in("mara", mfa=True)
    assert lab.replay().digest() == lab.digest()
