// Puts a metric and reads it back, through AWS's own client. The endpoint is in the environment.
import {
  CloudWatchClient,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";

const cloudwatch = new CloudWatchClient({});
const at = new Date("2026-01-05T08:59:00Z");
const Dimensions = [{ Name: "Service", Value: "tea" }];
const latency = { MetricName: "Latency", Dimensions, Timestamp: at, Unit: "Milliseconds" };

await cloudwatch.send(
  new PutMetricDataCommand({
    Namespace: "Shop",
    MetricData: [
      { ...latency, Value: 12.5 },
      { ...latency, Values: [1, 2.5], Counts: [3, 1] },
    ],
  }),
);
// Enough to be compressed on its way: the client gzips what is longer than 10 KB.
const many = Array.from({ length: 200 }, (_, i) => ({ MetricName: `Metric${i}`, Value: i }));
await cloudwatch.send(new PutMetricDataCommand({ Namespace: "Many", MetricData: many }));

const { Metrics } = await cloudwatch.send(new ListMetricsCommand({ Namespace: "Shop" }));
const { MetricDataResults } = await cloudwatch.send(
  new GetMetricDataCommand({
    StartTime: new Date("2026-01-05T08:59:00Z"),
    EndTime: new Date("2026-01-05T09:00:00Z"),
    MetricDataQueries: [
      {
        Id: "sum",
        MetricStat: {
          Metric: { Namespace: "Shop", MetricName: "Latency", Dimensions },
          Period: 60,
          Stat: "Sum",
        },
      },
    ],
  }),
);
let refused = {};
try {
  await cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName: "no", StateValue: "OK", StateReason: "r" }),
  );
} catch (error) {
  refused = { name: error.name, status: error.$metadata.httpStatusCode };
}
await cloudwatch.send(
  new PutMetricAlarmCommand({
    AlarmName: "slow",
    Namespace: "Shop",
    MetricName: "Latency",
    Statistic: "Average",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 10,
    ComparisonOperator: "GreaterThanThreshold",
  }),
);
const all = await cloudwatch.send(new ListMetricsCommand({ Namespace: "Many" }));
console.log(
  JSON.stringify({
    metrics: Metrics,
    values: MetricDataResults[0].Values,
    timestamps: MetricDataResults[0].Timestamps,
    many: all.Metrics.length,
    refused,
  }),
);
