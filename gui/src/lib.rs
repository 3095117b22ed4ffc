//! The desktop editor. It draws a pipeline and changes it through edits; it knows neither Kafka nor Arrow.
//! Its screens are not built yet.
