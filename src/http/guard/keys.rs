//! API keys: a file of names with the SHA-256 of a key each, read at the start and again when told to.
//!
//! ```toml
//! [keys.alice]
//! sha256 = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
//! requests_per_minute = 600   # left out: as many as she likes
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::quota::Quota;

/// The keys in force.
#[derive(Debug)]
pub(in crate::http) struct Keys {
    path: PathBuf,
    known: RwLock<Vec<Arc<Key>>>,
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    digest: [u8; 32],
    pub(super) quota: Option<Quota>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sha256: String,
    requests_per_minute: Option<u32>,
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// A sentence, when it cannot be read or has a fault.
    pub(in crate::http) fn read(path: &Path) -> Result<Self, String> {
        Ok(Self { path: path.to_owned(), known: RwLock::new(parse_file(path)?) })
    }

    /// Reads the file again. Keys that are still there keep what is left of their quota; on a fault the old
    /// ones stay in force.
    ///
    /// # Errors
    /// As [`Keys::read`].
    pub(in crate::http) fn reload(&self) -> Result<usize, String> {
        let mut fresh = parse_file(&self.path)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for key in &mut fresh {
            let same = |old: &&Arc<Key>| {
                old.name == key.name
                    && old.digest == key.digest
                    && old.quota.as_ref().map(Quota::limit) == key.quota.as_ref().map(Quota::limit)
            };
            if let Some(old) = known.iter().find(same) {
                *key = Arc::clone(old);
            }
        }
        *known = fresh;
        Ok(known.len())
    }

    /// The key with this text. Takes the same time whichever it is, and whether it is known.
    pub(super) fn find(&self, presented: &[u8]) -> Option<Arc<Key>> {
        let digest = Sha256::digest(presented);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for key in known.iter() {
            let equal: Choice = key.digest.ct_eq(digest.as_slice());
            if bool::from(equal) {
                found = Some(Arc::clone(key));
            }
        }
        found
    }
}

fn parse_file(path: &Path) -> Result<Vec<Arc<Key>>, String> {
    let wrong = |e: &dyn std::fmt::Display| format!("the keys in {} cannot be read: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    parse(&text).map_err(|e| wrong(&e))
}

fn parse(text: &str) -> Result<Vec<Arc<Key>>, String> {
    // The text around a fault might be a key that was written where its hash belongs: it is not repeated.
    let file: File = toml::from_str(text).map_err(|e| e.message().to_owned())?;
    if file.keys.is_empty() {
        return Err("there is no key in it".to_owned());
    }
    let key = |(name, entry): (String, Entry)| {
        let digest = digest(&entry.sha256)
            .ok_or_else(|| format!("`sha256` of `{name}` must be the 64 hexadecimal digits of a SHA-256"))?;
        if entry.requests_per_minute == Some(0) {
            return Err(format!("`requests_per_minute` of `{name}` must be at least 1"));
        }
        Ok(Arc::new(Key { name, digest, quota: entry.requests_per_minute.map(Quota::new) }))
    };
    file.keys.into_iter().map(key).collect()
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `abc` (FIPS 180-4, example B.1).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_key_is_found_by_its_hash() {
        let known = parse(&format!("[keys.alice]\nsha256 = \"{ABC}\"")).expect("a sound file");
        let keys = Keys { path: PathBuf::new(), known: RwLock::new(known) };
        assert_eq!(keys.find(b"abc").expect("it is known").name, "alice");
        assert!(keys.find(b"abd").is_none() && keys.find(b"").is_none() && keys.find(ABC.as_bytes()).is_none());
    }

    #[test]
    fn faults_are_told_without_repeating_secrets() {
        for text in ["", "keys = {}", "[keys.a]\nsha256 = \"secret\"", "[keys.a]\nsecret = 1", "secret"] {
            let fault = parse(text).expect_err(text);
            assert!(!fault.is_empty() && !fault.contains("= \"secret"), "{fault}");
        }
        let zero = parse(&format!("[keys.a]\nsha256 = \"{ABC}\"\nrequests_per_minute = 0"));
        assert!(zero.expect_err("no request at all").contains("at least 1"));
    }
}
