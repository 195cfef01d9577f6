"""CodeBuild: builds take their time, succeed or fail, and are told."""

import io
import zipfile

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, role

ROLE = "arn:aws:iam::123456789012:role/builder"
GOOD = "version: 0.2\nphases:\n  build:\n    commands: [echo fine]\n"
BAD = "version: 0.2\nphases:\n  build:\n    commands: [echo before, exit 2, echo after]\n"


def project(lab, spec=GOOD, name="shop", **more):
    codebuild = lab.client("codebuild")
    codebuild.create_project(
        **{
            "name": name,
            "source": {"type": "NO_SOURCE", "buildspec": spec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": ROLE,
            **more,
        }
    )
    return codebuild


def build(codebuild, one):
    return codebuild.batch_get_builds(ids=[one["id"]])["builds"][0]


def phases(shown):
    return {p["phaseType"]: p.get("phaseStatus") for p in shown["phases"]}


def test_a_build_goes_through_its_phases(lab):
    codebuild = project(lab)
    begun = codebuild.start_build(projectName="shop")["build"]
    assert begun["buildStatus"] == "IN_PROGRESS" and begun["currentPhase"] == "QUEUED"
    assert begun["buildNumber"] == 1 and begun["initiator"] == "learner"
    lab.advance(seconds=10)
    assert build(codebuild, begun)["currentPhase"] == "PROVISIONING"
    lab.advance(minutes=1)
    done = build(codebuild, begun)
    assert done["buildStatus"] == "SUCCEEDED" and done["buildComplete"]
    assert list(phases(done)) == [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
        "DOWNLOAD_SOURCE",
        "INSTALL",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "UPLOAD_ARTIFACTS",
        "FINALIZING",
        "COMPLETED",
    ]
    assert (done["endTime"] - done["startTime"]).total_seconds() == 32


def test_a_failed_command_fails_the_build_and_post_build_runs(lab):
    codebuild = project(lab, BAD)
    emitted = Emitted(lab)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    done = build(codebuild, begun)
    assert done["buildStatus"] == "FAILED"
    assert phases(done)["BUILD"] == "FAILED" and phases(done)["POST_BUILD"] == "SUCCEEDED"
    (context,) = next(p for p in done["phases"] if p["phaseType"] == "BUILD")["contexts"]
    assert context["message"] == "Error while executing command: exit 2. Reason: exit status 2"
    lines = emitted.lines("/aws/codebuild/shop")
    assert "before" in lines and "after" not in lines
    assert any("Phase complete: BUILD State: FAILED" in line for line in lines)
    assert [data["status"] for data in emitted.of("build.state")] == ["IN_PROGRESS", "FAILED"]
    assert emitted.metric("FailedBuilds", ProjectName="shop") == [1]


@pytest.mark.parametrize(
    ("phase", "skipped"), [("install", {"PRE_BUILD", "BUILD"}), ("pre_build", {"BUILD"})]
)
def test_an_early_failure_goes_straight_to_the_end(lab, phase, skipped):
    spec = f"version: 0.2\nphases:\n  {phase}:\n    commands: ['false']\n"
    codebuild = project(lab, spec)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    done = phases(build(codebuild, begun))
    assert not skipped & set(done) and "POST_BUILD" not in done and "FINALIZING" in done


def test_a_variable_of_the_environment_makes_it_fail(lab):
    codebuild = project(lab)
    variable = {"name": "LABKIT_FAIL", "value": "build"}
    begun = codebuild.start_build(projectName="shop", environmentVariablesOverride=[variable])
    lab.advance(minutes=2)
    assert build(codebuild, begun["build"])["buildStatus"] == "FAILED"


def test_events_in_the_documented_shape(lab):
    codebuild = project(lab, BAD)
    emitted = Emitted(lab)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    states = emitted.events("CodeBuild Build State Change")
    assert [s["build-status"] for s in states] == ["IN_PROGRESS", "FAILED"]
    last = states[-1]
    assert last["project-name"] == "shop" and last["build-id"] == begun["arn"]
    assert last["current-phase"] == "COMPLETED" and last["version"] == "1"
    more = last["additional-information"]
    assert more["build-complete"] and more["build-start-time"] == "Jan 5, 2026 9:00:00 AM"
    assert more["logs"]["group-name"] == "/aws/codebuild/shop"
    assert more["logs"]["stream-name"] == begun["id"].partition(":")[2]
    failed = next(p for p in more["phases"] if p["phase-type"] == "BUILD")
    assert failed["phase-context"] == [
        "COMMAND_EXECUTION_ERROR: Error while executing command: exit 2. Reason: exit status 2"
    ]
    assert failed["phase-status"] == "FAILED" and failed["duration-in-seconds"] == 3
    changes = emitted.events("CodeBuild Build Phase Change")
    assert [c["completed-phase"] for c in changes][:3] == ["SUBMITTED", "QUEUED", "PROVISIONING"]
    assert changes[2]["completed-phase-duration-seconds"] == 20
    assert changes[2]["completed-phase-end"] == "Jan 5, 2026 9:00:21 AM"
    (told, *_) = emitted.of("event.emitted")
    assert told["source"] == "aws.codebuild" and told["resources"] == [begun["arn"]]


def test_a_build_is_stopped(lab):
    codebuild = project(lab, GOOD.replace("echo fine", "sleep 5m"))
    emitted = Emitted(lab)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=1)
    stopped = codebuild.stop_build(id=begun["id"])["build"]
    assert stopped["buildStatus"] == "STOPPED" and phases(stopped)["BUILD"] == "STOPPED"
    lab.advance(minutes=10)
    assert build(codebuild, begun)["phases"] == stopped["phases"]
    states = emitted.events("CodeBuild Build State Change")
    assert [state["build-status"] for state in states] == ["IN_PROGRESS", "STOPPED"]
    assert not any("fine" in line for line in emitted.lines())


def test_a_build_runs_out_of_time(lab):
    codebuild = project(lab, GOOD.replace("echo fine", "sleep 1h"), timeoutInMinutes=5)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=10)
    done = build(codebuild, begun)
    assert done["buildStatus"] == "TIMED_OUT" and phases(done)["BUILD"] == "TIMED_OUT"
    assert (done["endTime"] - done["startTime"]).total_seconds() == 301


def test_the_specification_comes_from_a_bundle_in_s3(lab):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="code-1")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("buildspec.yml", GOOD.replace("fine", "from s3"))
    s3.put_object(Bucket="code-1", Key="shop.zip", Body=held.getvalue())
    source = {"type": "S3", "location": "code-1/shop.zip"}
    arn = role(lab, "builder", "codebuild.amazonaws.com", "s3:GetObject")
    codebuild = project(lab, source=source, serviceRole=arn)
    emitted = Emitted(lab)
    good = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    assert build(codebuild, good)["buildStatus"] == "SUCCEEDED" and "from s3" in emitted.lines()
    for location, said in (
        ("code-1/none.zip", "NoSuchKey"),
        ("none-1/shop.zip", "NoSuchBucket"),
    ):
        bad = codebuild.start_build(projectName="shop", sourceLocationOverride=location)["build"]
        lab.advance(minutes=2)
        shown = build(codebuild, bad)
        assert phases(shown)["DOWNLOAD_SOURCE"] == "FAILED"
        contexts = [c for p in shown["phases"] for c in p.get("contexts", ())]
        assert said in contexts[0]["message"]
    lab.client("iam").delete_role_policy(RoleName="builder", PolicyName="may")
    bad = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    assert phases(build(codebuild, bad))["DOWNLOAD_SOURCE"] == "FAILED"


def test_lists_numbers_and_missing_ones(lab):
    codebuild = project(lab)
    project(lab, name="api")
    ids = [codebuild.start_build(projectName="shop")["build"]["id"] for _ in range(3)]
    other = codebuild.start_build(projectName="api")["build"]
    assert other["buildNumber"] == 1
    assert codebuild.list_builds_for_project(projectName="shop")["ids"] == ids[::-1]
    assert codebuild.list_builds(sortOrder="ASCENDING")["ids"] == [*ids, other["id"]]
    answer = codebuild.batch_get_builds(ids=[ids[0], "shop:none"])
    assert answer["buildsNotFound"] == ["shop:none"] and len(answer["builds"]) == 1
    with pytest.raises(codebuild.exceptions.ResourceNotFoundException):
        codebuild.start_build(projectName="none")
    with pytest.raises(codebuild.exceptions.ResourceNotFoundException):
        codebuild.stop_build(id="shop:none")
    codebuild.update_project(name="shop", timeoutInMinutes=7)
    assert codebuild.batch_get_projects(names=["shop"])["projects"][0]["timeoutInMinutes"] == 7


def test_logs_can_go_elsewhere_or_nowhere(lab):
    codebuild = project(lab)
    emitted = Emitted(lab)
    elsewhere = {"cloudWatchLogs": {"status": "ENABLED", "groupName": "g", "streamName": "s"}}
    begun = codebuild.start_build(projectName="shop", logsConfigOverride=elsewhere)["build"]
    lab.advance(minutes=2)
    unique = begun["id"].partition(":")[2]
    assert {(d["log_group"], d["log_stream"]) for d in emitted.of("log.emitted")} == {
        ("g", f"s/{unique}")
    }
    count = len(emitted.lines())
    nowhere = {"cloudWatchLogs": {"status": "DISABLED"}}
    codebuild.start_build(projectName="shop", logsConfigOverride=nowhere)
    lab.advance(minutes=2)
    assert len(emitted.lines()) == count


def test_who_may_start_a_build(lab):
    project(lab)
    arn = f"arn:aws:codebuild:us-east-1:{lab.account}:project/shop"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["codebuild:StartBuild", "codebuild:StopBuild"],
                "Resource": arn,
            }
        ],
    }
    anna = lab.user("anna", policy).client("codebuild")
    begun = anna.start_build(projectName="shop")["build"]
    assert begun["initiator"] == "anna"
    anna.stop_build(id=begun["id"])
    with pytest.raises(ClientError, match="AccessDenied"):
        anna.batch_get_builds(ids=[begun["id"]])


def test_a_replay_builds_the_same(lab):
    codebuild = project(lab, BAD)
    begun = codebuild.start_build(projectName="shop")["build"]
    lab.advance(minutes=2)
    with lab.replay() as again:
        assert not again.errors
        assert (
            build(again.client("codebuild"), begun)["phases"] == build(codebuild, begun)["phases"]
        )
