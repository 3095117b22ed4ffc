//! Kafka Streams' own test driver, in a process that answers cases.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::case::{Answer, Case};

pub(crate) struct Reference {
    child: Ended,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Reference {
    pub(crate) fn start() -> Reference {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka-streams/windows");
        let mut command = Command::new(program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the reference starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Reference { child: Ended(child), input, output }
    }

    /// Asks all cases and tells each with its answer.
    pub(crate) fn ask(mut self, cases: &[Case], mut tell: impl FnMut(&Case, Answer)) {
        let (mut input, output) = (self.input.take().expect("asked once"), self.output.take().expect("asked once"));
        let mut lines = output.lines();
        let child = self.child;
        thread::scope(|scope| {
            // Where an answer is wrong, whoever writes on must not wait for a reader.
            let _ended = child;
            scope.spawn(move || {
                for case in cases {
                    let mut line = serde_json::to_value(case).expect("a case is JSON");
                    line["suppress"] = false.into();
                    if writeln!(input, "{line}").is_err() {
                        return;
                    }
                }
            });
            for case in cases {
                let line = lines.next().expect("an answer to each case").expect("text");
                let answer: Answer = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why} in {line}"));
                assert_eq!((answer.id, &answer.error), (case.id, &None), "{line}");
                tell(case, answer);
            }
        });
    }
}

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
