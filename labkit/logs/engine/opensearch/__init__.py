"""What OpenSearch SQL and PPL share: the functions of Spark that both take, as SQL over values."""
