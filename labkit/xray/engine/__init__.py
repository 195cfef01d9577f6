"""Pure parts of X-Ray: documents, traces, the service graph, filters, sampling."""
