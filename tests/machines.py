"""Machines for tests."""


def launch(ec2, **more):
    """Start a t3.micro; its id."""
    started = ec2.run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="t3.micro", MinCount=1, MaxCount=1, **more
    )
    return started["Instances"][0]["InstanceId"]
