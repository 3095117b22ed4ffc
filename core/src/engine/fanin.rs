//! Where branches meet again: rows of one input batch are put back in the order in which one row after the other would
//! have come, by their ordinals.

use crate::batch::Batch;
use crate::problem::Fault;

/// Takes the rows for one port, each batch in order of its ordinals, as one batch in order.
pub(crate) fn merge(batches: &mut Vec<Batch>) -> Result<Option<Batch>, Fault> {
    if batches.len() <= 1 {
        return Ok(batches.pop());
    }
    let mut picks: Vec<(usize, usize)> =
        batches.iter().enumerate().flat_map(|(number, batch)| (0..batch.rows).map(move |row| (number, row))).collect();
    picks.sort_by_key(|&(number, row)| batches[number].ordinals[row]);
    let parts: Vec<&Batch> = batches.iter().collect();
    let merged = Batch::interleave(&parts, &picks).map_err(|why| Fault::ours(why.to_string()))?;
    batches.clear();
    Ok(Some(merged))
}

/// Takes the rows for several ports of one node, as runs of one port each, in order.
pub(crate) fn runs(ports: &mut [Vec<Batch>]) -> Result<Vec<(usize, Batch)>, Fault> {
    let mut merged = Vec::new();
    for (port, batches) in ports.iter_mut().enumerate() {
        merged.extend(merge(batches)?.map(|batch| (port, batch)));
    }
    if merged.len() <= 1 {
        return Ok(merged);
    }
    let mut order: Vec<(u64, usize, usize)> = merged
        .iter()
        .enumerate()
        .flat_map(|(part, (_, batch))| {
            batch.ordinals.iter().enumerate().map(move |(row, &ordinal)| (ordinal, part, row))
        })
        .collect();
    order.sort_unstable();
    let mut runs = Vec::new();
    let mut rest = order.as_slice();
    while let Some(&(_, part, first)) = rest.first() {
        let length = rest.iter().take_while(|&&(_, other, _)| other == part).count();
        let (port, batch) = &merged[part];
        runs.push((*port, batch.slice(first, length)));
        rest = &rest[length..];
    }
    Ok(runs)
}
