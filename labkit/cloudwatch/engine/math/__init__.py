"""Metric math: expressions over time series, as GetMetricData and alarms compute them.

=================  ============================================================================
``grammar``        text -> tree, with positions (lark)
``tree``           the nodes of an expression
``values``         what expressions compute with: scalar, time series, array of them, strings
``function``       how a function says what it takes; the shapes that most of them have
``functions/``     one file for each function
``operators``      ``+ - * / ^``, comparisons, AND and OR, with missing points as documented
``program``        the queries of one request: names, cycles, periods, what may be asked
``frame``          the periods an expression is computed for, and what it computes on them
=================  ============================================================================

Source: CloudWatch user guide, "Math expressions with metrics"; aws-semantics 1.6.
"""
