//! Laws of states: however rows come, the results are the same; a merged state is that of the rows of both; a copy and
//! what is read back go on as the state that they come from; a slot that is used again remembers nothing.

use arrow_array::ArrayRef;
use proptest::prelude::*;

use super::records::{ALL, Record, batch_of, record};
use super::{cases, shown, whole};
use crate::aggregate::States;
use crate::batch::Batch;

fn records(rows: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), rows)
}

/// All results of a slot, as text, with the text of their aggregate.
fn results(states: &mut States, slot: u32) -> Vec<(String, String)> {
    let columns = states.columns(&[slot]).unwrap();
    let show = |(column, array): (&crate::types::Column, &ArrayRef)| {
        (column.name.clone(), shown(&column.data, array)[0].clone())
    };
    ALL.columns().iter().zip(&columns).map(show).collect()
}

/// A slot that has taken all rows of a batch.
fn folded(states: &mut States, batch: &Batch) -> u32 {
    let (arguments, _) = ALL.arguments(batch);
    whole(states, batch, &arguments)
}

/// Results that are the same but for the last digits of what was computed with float64s in another order.
fn alike(one: &[(String, String)], other: &[(String, String)]) -> Result<(), TestCaseError> {
    for ((name, one), (_, other)) in one.iter().zip(other) {
        let numbers = one.parse::<f64>().ok().zip(other.parse::<f64>().ok());
        let is_near =
            numbers.is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1e9) || (a.is_nan() && b.is_nan()));
        prop_assert!(one == other || (name.contains('(') && is_near), "{}: {} and {}", name, one, other);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_same_rows_come_to_the_same_however_they_come(
        records in records(0..24),
        keys in prop::collection::vec(0usize..3, 24),
        cuts in prop::collection::vec(0usize..24, 0..3),
    ) {
        let batch = batch_of(&records);
        let mut states = ALL.states();
        let one_by_one: Vec<u32> = (0..3).map(|_| states.add()).collect();
        let (arguments, _) = ALL.arguments(&batch);
        for row in 0..batch.rows {
            states.update(&[one_by_one[keys[row]]], &[row as u32], &arguments);
        }
        let at_once: Vec<u32> = (0..3).map(|_| states.add()).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(batch.rows)).chain([0, batch.rows]).collect();
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            let part = batch.slice(pair[0], pair[1] - pair[0]);
            let (arguments, _) = ALL.arguments(&part);
            let slots: Vec<u32> = (pair[0]..pair[1]).map(|row| at_once[keys[row]]).collect();
            let rows: Vec<u32> = (0..part.rows as u32).collect();
            states.update(&slots, &rows, &arguments);
        }
        for (one, other) in one_by_one.into_iter().zip(at_once) {
            prop_assert_eq!(results(&mut states, one), results(&mut states, other));
        }
    }

    #[test]
    fn a_merged_state_is_that_of_the_rows_of_both(first in records(0..12), second in records(0..12)) {
        let mut states = ALL.states();
        let both: Vec<Record> = first.iter().chain(&second).cloned().collect();
        let whole = folded(&mut states, &batch_of(&both));
        let into = folded(&mut states, &batch_of(&first));
        let from = folded(&mut states, &batch_of(&second));
        let before = results(&mut states, from);
        states.merge(into, from);
        alike(&results(&mut states, into), &results(&mut states, whole))?;
        prop_assert_eq!(results(&mut states, from), before);
    }

    #[test]
    fn copies_and_what_is_read_back_go_on_alike(first in records(0..12), second in records(0..6)) {
        let mut states = ALL.states();
        let slot = folded(&mut states, &batch_of(&first));
        let copy = states.copy(slot);
        states.settle(None);
        let mut bytes = Vec::new();
        states.write(slot, &mut bytes);
        let read = states.read(&bytes).unwrap();
        let mut again = Vec::new();
        states.write(read, &mut again);
        prop_assert_eq!(&bytes, &again);
        let batch = batch_of(&second);
        let (arguments, _) = ALL.arguments(&batch);
        let rows: Vec<u32> = (0..batch.rows as u32).collect();
        for slot in [slot, copy, read] {
            states.update(&vec![slot; batch.rows], &rows, &arguments);
        }
        prop_assert_eq!(results(&mut states, slot), results(&mut states, copy));
        prop_assert_eq!(results(&mut states, slot), results(&mut states, read));
    }

    #[test]
    fn a_slot_that_is_used_again_remembers_nothing(first in records(1..12)) {
        let mut states = ALL.states();
        let empty = states.add();
        let slot = folded(&mut states, &batch_of(&first));
        let last = states.add();
        states.free(slot);
        states.free(slot);
        prop_assert_eq!(states.len(), 2);
        prop_assert_eq!(states.add(), slot);
        prop_assert_eq!(results(&mut states, slot), results(&mut states, empty));
        prop_assert_eq!(states.len(), last as usize + 1);
    }

    #[test]
    fn any_bytes_give_a_state_or_none(first in records(0..6), at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut states = ALL.states();
        let slot = folded(&mut states, &batch_of(&first));
        let mut bytes = Vec::new();
        states.write(slot, &mut bytes);
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let before = states.len();
        match states.read(&bytes) {
            None => prop_assert_eq!(states.len(), before),
            Some(read) => {
                prop_assert!(!cut);
                states.merge(slot, read);
                prop_assert!(states.columns(&[slot, read]).is_ok());
            }
        }
    }
}

#[test]
fn bytes_that_are_no_state_are_refused() {
    let mut states = ALL.states();
    let slot = states.add();
    let mut bytes = Vec::new();
    states.write(slot, &mut bytes);
    assert!(states.read(&bytes).is_some());
    bytes.push(0);
    assert_eq!(states.read(&bytes), None);
    assert_eq!(states.read(&[]), None);
    assert_eq!(states.read(&[9, 1, 2]), None);
}
