//! Files that were opened lately in either face: a list in the user's state, newest first.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::storage::{read_state, write_whole};

/// The most that are remembered.
const MOST: usize = 12;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recent {
    files: Vec<PathBuf>,
}

fn file_in(state: &Path) -> PathBuf {
    state.join("recent.json")
}

/// The files, newest first. `state` is the folder that [`super::storage::state_folder`] names.
///
/// # Errors
/// The list cannot be read, as a sentence without a stop at its end.
pub fn recent(state: &Path) -> Result<Vec<PathBuf>, String> {
    Ok(read_state::<Recent>(&file_in(state))?.unwrap_or_default().files)
}

/// Puts a file in front of the list, and gives the list.
///
/// # Errors
/// It cannot be read or written.
pub fn note_recent(state: &Path, file: &Path) -> io::Result<Vec<PathBuf>> {
    let file = std::path::absolute(file)?;
    std::fs::create_dir_all(state)?;
    let mut files = recent(state).map_err(io::Error::other)?;
    files.retain(|known| *known != file);
    files.insert(0, file);
    files.truncate(MOST);
    let list = Recent { files };
    write_whole(&file_in(state), &serde_json::to_vec_pretty(&list)?)?;
    Ok(list.files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_none_twice() {
        let state = tempfile::tempdir().unwrap();
        let state = state.path().join("made/when/needed");
        assert_eq!(recent(&state), Ok(Vec::new()));
        for number in 0..MOST + 3 {
            note_recent(&state, Path::new(&format!("/a/{number}.json"))).unwrap();
        }
        note_recent(&state, Path::new("/a/9.json")).unwrap();
        let files = recent(&state).unwrap();
        assert_eq!(files.len(), MOST);
        assert_eq!(files[..2], [PathBuf::from("/a/9.json"), PathBuf::from(format!("/a/{}.json", MOST + 2))]);
        assert_eq!(files.iter().filter(|file| file.ends_with("9.json")).count(), 1);
    }
}
