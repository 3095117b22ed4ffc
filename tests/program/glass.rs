//! What a terminal of 24 rows and 80 columns shows after all that was written on it: as much of one as the dashboard needs.

const ROWS: usize = 24;
const COLUMNS: usize = 80;

/// The screen, line by line, without blanks at the ends.
pub(crate) fn glass(written: &str) -> String {
    let mut cells = vec![vec![' '; COLUMNS]; ROWS];
    let (mut x, mut y) = (0, 0);
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => match letters.next() {
                Some('[') => {
                    let rest = letters.as_str();
                    let Some(end) = rest.find(|it: char| it.is_ascii_alphabetic()) else { break };
                    let (numbers, command) = (&rest[..end], &rest[end..=end]);
                    letters = rest[end + 1..].chars();
                    match command {
                        "H" => {
                            let mut places = numbers.split(';').map(|it| it.parse::<usize>().map_or(0, |it| it - 1));
                            (y, x) = (places.next().unwrap_or(0), places.next().unwrap_or(0));
                        }
                        "J" => cells.iter_mut().flatten().for_each(|cell| *cell = ' '),
                        // Colours and modes.
                        _ => {}
                    }
                }
                // What is asked of the terminal ends with a bell.
                Some(']') => {
                    letters.by_ref().find(|it| *it == '\x07');
                }
                _ => {}
            },
            letter if letter.is_control() => {}
            letter => {
                if let Some(cell) = cells.get_mut(y).and_then(|line| line.get_mut(x)) {
                    *cell = letter;
                }
                x += 1;
            }
        }
    }
    let lines = cells.iter().map(|line| line.iter().collect::<String>().trim_end().to_string());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_written_is_shown() {
    let shown = glass("\x1b]11;?\x07\x1b[cgone\x1b[2J\x1b[1;1H\x1b[1mab\x1b[0m\x1b[24;79H░x\x1b[1;2HcD\x1b[9");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[23].trim_start()), (24, "acD", "░x"));
}
