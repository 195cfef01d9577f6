// The story as JavaScript tells it: Amazon's own clients, endpoint and keys in the environment.
import { readFileSync } from "node:fs";
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { EC2Client, RunInstancesCommand, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";

const { ZIP, TRUST, POLICY, AWS_ENDPOINT_URL } = process.env;
const [ec2, sns, sqs] = [new EC2Client({}), new SNSClient({}), new SQSClient({})];
const [iam, lambda, cloudwatch] = [new IAMClient({}), new LambdaClient({}), new CloudWatchClient({})];
const arn = (service, rest) => `arn:aws:${service}:us-east-1:123456789012:${rest}`;

async function control(path, wish) {
  const how = wish ? { method: "POST", body: JSON.stringify(wish) } : {};
  return (await fetch(`${AWS_ENDPOINT_URL}/_labkit/${path}`, how)).json();
}

const { Instances } = await ec2.send(
  new RunInstancesCommand({
    ImageId: "ami-0c55b159cbfafe1f0",
    InstanceType: "t3.micro",
    MinCount: 1,
    MaxCount: 1,
    ClientToken: "story",
  }),
);
const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "on-call" }));
const subscribe = (Protocol, Endpoint) =>
  sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }));
await subscribe("email", "oncall@teapot.example");
const { mails } = await control("mailbox");
const Token = mails.at(-1).confirm_token;
await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "pager" }));
const Attributes = JSON.parse(readFileSync(POLICY, "utf8"));
await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
await subscribe("sqs", arn("sqs", "pager"));
const AssumeRolePolicyDocument = readFileSync(TRUST, "utf8");
await iam.send(new CreateRoleCommand({ RoleName: "wake", AssumeRolePolicyDocument }));
const PolicyArn = "arn:aws:iam::aws:policy/CloudWatchFullAccess";
await iam.send(new AttachRolePolicyCommand({ RoleName: "wake", PolicyArn }));
await lambda.send(
  new CreateFunctionCommand({
    FunctionName: "wake",
    Runtime: "python3.12",
    Handler: "wake.handler",
    Role: "arn:aws:iam::123456789012:role/wake",
    Code: { ZipFile: readFileSync(ZIP) },
  }),
);
await lambda.send(
  new AddPermissionCommand({
    FunctionName: "wake",
    StatementId: "topic",
    Action: "lambda:InvokeFunction",
    Principal: "sns.amazonaws.com",
    SourceArn: TopicArn,
  }),
);
await subscribe("lambda", arn("lambda", "function:wake"));
await cloudwatch.send(
  new PutMetricAlarmCommand({
    AlarmName: "slow",
    Namespace: "Shop",
    MetricName: "Latency",
    Statistic: "Average",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 500,
    TreatMissingData: "ignore",
    ComparisonOperator: "GreaterThanThreshold",
    AlarmActions: [TopicArn],
  }),
);
const MetricData = [{ MetricName: "Latency", Value: 900 }];
await cloudwatch.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
await control("clock", { advance_seconds: 180 });
const InstanceIds = [Instances[0].InstanceId];
await ec2.send(new StopInstancesCommand({ InstanceIds }));
await control("clock", { advance_seconds: 60 });
console.log(JSON.stringify("told"));
