//! Records that failed, as rows of a port `errors`, or as the fault that stops a run.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringViewBuilder};
use arrow_array::{ArrayRef, new_null_array};

use crate::batch::Batch;
use crate::operators::{Failed, Reason, errors_stream};
use crate::problem::Fault;
use crate::types::Type;

/// Rows for a port `errors`: the records, with what went wrong in place of their value.
pub(crate) fn error_rows(node: &str, failed: Failed) -> Batch {
    let Failed { batch, reasons } = failed;
    let rows = batch.rows;
    let (mut nodes, mut texts, mut fields) =
        (StringViewBuilder::new(), StringViewBuilder::new(), StringViewBuilder::new());
    let (mut starts, mut ends) = (Int64Builder::new(), Int64Builder::new());
    let (mut topics, mut partitions, mut offsets) =
        (StringViewBuilder::new(), Int64Builder::new(), Int64Builder::new());
    for (row, Reason { reason, field, span }) in reasons.iter().enumerate() {
        nodes.append_value(node);
        texts.append_value(reason);
        fields.append_option(field.as_deref());
        starts.append_option(span.as_ref().map(|span| span.start as i64));
        ends.append_option(span.as_ref().map(|span| span.end as i64));
        topics.append_value(batch.origin.topic.get(row));
        partitions.append_value(i64::from(*batch.origin.partition.get(row)));
        offsets.append_value(batch.origin.offset[row]);
    }
    let payload: ArrayRef = match &batch.payload {
        Some(payload) => Arc::new(payload.clone()),
        None => new_null_array(&Type::Bytes.to_arrow(), rows),
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(nodes.finish()),
        Arc::new(texts.finish()),
        Arc::new(fields.finish()),
        Arc::new(starts.finish()),
        Arc::new(ends.finish()),
        Arc::new(topics.finish()),
        Arc::new(partitions.finish()),
        Arc::new(offsets.finish()),
        payload,
    ];
    let schema = errors_stream(Default::default()).schema;
    Batch { tombstones: None, payload: None, ..batch.with_columns(schema, columns) }
}

/// The fault of a record that nobody takes.
pub(crate) fn stop_fault(node: &str, batch: &Batch, row: usize, reason: &Reason) -> Fault {
    let message = match &reason.field {
        Some(field) => format!("a record failed in `{field}`: {}", reason.reason),
        None => format!("a record failed: {}", reason.reason),
    };
    Fault::user(message)
        .at_node(node)
        .at_record(batch.place(row))
        .remedy("connect the node's port `errors`, or set its `on_error` to `count`, or mend the record")
}
