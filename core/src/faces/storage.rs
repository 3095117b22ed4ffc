//! What faces keep for the person who uses them: where, and how files are written. Whole or not at all; and what cannot be
//! read is set aside and told, never lost and never a reason to fail.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{env, fs};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// When a file was written last, and how long it is: another stamp is another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// nanoseconds since 1970
    modified_ns: u64,
    /// bytes
    length: u64,
}

impl FileStamp {
    /// Of a file that is there.
    pub fn of(path: &Path) -> Option<FileStamp> {
        let known = fs::metadata(path).ok()?;
        let since = known.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(FileStamp { modified_ns: u64::try_from(since.as_nanos()).ok()?, length: known.len() })
    }
}

/// The folder of the user's state, as the XDG base directories have it: `$XDG_STATE_HOME/tidegate`, else
/// `~/.local/state/tidegate`. None where there is no home.
pub fn state_folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("tidegate"))
}

/// Writes a file whole or not at all. Where it is a link, what it leads to is written; rights are kept.
///
/// # Errors
/// The folder is not there, or may not be written; the file is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = with_suffix(&path, ".saving");
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        if let Ok(known) = fs::metadata(&path) {
            fs::set_permissions(&beside, known.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // What was begun is of no use; where it cannot go either, the first reason is told.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Reads a file of state; none where there is none. What is no such file is set aside, so that it is neither lost nor told
/// again.
///
/// # Errors
/// It cannot be read, as a sentence without a stop at its end.
pub fn read_state<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(format!("{} is not read: {why}", path.display())),
    };
    // A struct would be read from a list too.
    let fields = serde_json::from_str::<Map<String, Value>>(&text);
    match fields.and_then(|fields| serde_json::from_value(Value::Object(fields))) {
        Ok(state) => Ok(Some(state)),
        Err(why) => {
            let aside = with_suffix(path, ".unread");
            let kept = match fs::rename(path, &aside) {
                Ok(()) => format!("it is set aside as {}", aside.display()),
                Err(why) => format!("it cannot be set aside either: {why}"),
            };
            Err(format!("{} is not understood ({why}); {kept}", path.display()))
        }
    }
}

/// Two paths lead to one file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other || fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_through_links_and_keep_their_rights() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.json"), folder.path().join("link.json"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_whole(&folder.path().join("none/a.json"), b"").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left beside");
        assert!(is_same_file(&path, &link) && !is_same_file(&path, &folder.path().join("b.json")));
    }

    #[test]
    fn what_is_not_understood_is_set_aside_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct State {
            size: u32,
        }
        assert_eq!(read_state::<State>(&path), Ok(None));
        for (text, expected) in [
            (r#"{ "size": 5 }"#, Some(State { size: 5 })),
            ("{}", Some(State::default())),
            ("[]", None),
            ("[5]", None),
            (r#"{ "colour": 5 }"#, None),
            ("\u{0}garbage", None),
            ("", None),
        ] {
            fs::write(&path, text).unwrap();
            let read = read_state::<State>(&path);
            assert_eq!(read.clone().ok().flatten(), expected, "{text}");
            if let Err(why) = read {
                assert!(why.contains("state.json.unread"), "{why}");
                assert_eq!(read_state::<State>(&path), Ok(None));
                assert_eq!(fs::read_to_string(folder.path().join("state.json.unread")).unwrap(), text);
            }
        }
    }
}
