//! The terminal dashboard. It shows a run through its snapshots and changes a pipeline through edits;
//! it knows neither Kafka nor Arrow. Its screens are not built yet.
