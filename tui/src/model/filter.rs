//! Filters: a text that is looked for in any case, `~` and a regular expression, `!` and what must not be there.

use regex::{Regex, RegexBuilder};

/// A filter.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// as it was typed
    pub(crate) text: String,
    is_inverse: bool,
    sought: Regex,
}

impl Filter {
    /// A filter; none where nothing was typed. An expression that is not complete yet is looked for as it stands.
    pub(crate) fn new(text: &str) -> Option<Filter> {
        let (is_inverse, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let pattern = match rest.strip_prefix('~') {
            Some(pattern) => pattern.to_string(),
            None => regex::escape(rest),
        };
        let compile = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(true).build().ok();
        let sought = compile(&pattern).or_else(|| compile(&regex::escape(&pattern)))?;
        (!pattern.is_empty()).then(|| Filter { text: text.to_string(), is_inverse, sought })
    }

    /// Whether a row's text passes.
    pub(crate) fn passes(&self, text: &str) -> bool {
        self.sought.is_match(text) != self.is_inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_pass_or_not() {
        for (filter, text, passes) in [
            ("kaf", "Kafka-sink", true),
            ("KAF", "kafka-sink", true),
            ("a.c", "abc", false),
            ("~a.c", "xABCx", true),
            ("~^b", "abc", false),
            ("!kaf", "kafka", false),
            ("!~^b", "abc", true),
            ("~(", "f(x)", true),
            ("", "anything", true),
            ("!", "anything", true),
        ] {
            assert_eq!(Filter::new(filter).is_none_or(|filter| filter.passes(text)), passes, "{filter} on {text}");
        }
    }
}
