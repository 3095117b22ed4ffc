//! Ratios of pairs: medians, their range, and how they stand beside their goals.

use std::fmt;

/// A median with its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// the middle one
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of at least one value; not a number where there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let Some((&least, &most)) = values.first().zip(values.last()) else {
            return Spread { median: f64::NAN, least: f64::NAN, most: f64::NAN };
        };
        let half = values.len() / 2;
        let median = match values.len() % 2 {
            0 => (values[half - 1] + values[half]) / 2.0,
            _ => values[half],
        };
        Spread { median, least, most }
    }

    /// Of the ratios of two measures in each pair.
    pub(crate) fn of_ratios(over: &[f64], under: &[f64]) -> Spread {
        Spread::of(over.iter().zip(under).map(|(over, under)| over / under))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { median, least, most } = self;
        let digits = match most.abs() {
            ..0.5 => 3,
            ..10.0 => 2,
            _ => 0,
        };
        write!(f, "{median:.digits$} ({least:.digits$} to {most:.digits$})")
    }
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// not more
    AtMost(f64),
    /// not less
    AtLeast(f64),
    /// for comparison only
    None,
}

/// Prints a section's title.
pub(crate) fn title(text: &str) {
    println!("\n{text}");
}

/// Prints a figure beside its goal.
pub(crate) fn figure(what: &str, value: Spread, unit: &str, goal: Goal) {
    let shown = format!("{value}{}{unit}", if unit.is_empty() { "" } else { " " });
    println!("  {what:<58} {shown:<30} {}", verdict(value.median, goal));
}

fn verdict(median: f64, goal: Goal) -> String {
    let (sign, limit, is_reached) = match goal {
        Goal::AtMost(most) => ("≤", most, median <= most),
        Goal::AtLeast(least) => ("≥", least, median >= least),
        Goal::None => return String::new(),
    };
    format!("goal {sign} {limit}: {}", if is_reached { "reached" } else { "NOT REACHED" })
}

/// Prints a remark.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ranges() {
        for (values, expected) in [
            (&[3.0, 1.0, 2.0][..], "2.00 (1.00 to 3.00)"),
            (&[4.0, 1.0, 2.0, 3.0], "2.50 (1.00 to 4.00)"),
            (&[50.0], "50 (50 to 50)"),
            (&[0.08], "0.080 (0.080 to 0.080)"),
            (&[], "NaN (NaN to NaN)"),
        ] {
            assert_eq!(Spread::of(values.iter().copied()).to_string(), expected);
        }
        assert_eq!(Spread::of_ratios(&[1.0, 4.0], &[2.0, 4.0]).median, 0.75);
    }

    #[test]
    fn goals_are_held_to_the_median() {
        for (median, goal, expected) in [
            (0.7, Goal::AtMost(0.7), "goal ≤ 0.7: reached"),
            (0.8, Goal::AtMost(0.7), "goal ≤ 0.7: NOT REACHED"),
            (1.1, Goal::AtLeast(1.2), "goal ≥ 1.2: NOT REACHED"),
            (1.0, Goal::None, ""),
            (f64::NAN, Goal::AtMost(1.0), "goal ≤ 1: NOT REACHED"),
        ] {
            assert_eq!(verdict(median, goal), expected);
        }
    }
}
