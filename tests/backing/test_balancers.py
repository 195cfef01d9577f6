"""Load balancers become active on the clock."""


def test_a_load_balancer_takes_two_minutes(lab):
    ec2, elb = lab.client("ec2"), lab.client("elbv2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    made = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )

    def state():
        shown = elb.describe_load_balancers(Names=["front"])["LoadBalancers"][0]
        return shown["State"]["Code"]

    assert made["State"]["Code"] == state() == state() == "provisioning"
    elb.get_waiter("load_balancer_available").wait(Names=["front"])
    assert state() == "active" and f"{lab.now:%H:%M}" == "09:02"
