//! The files that TLS is made of, and by which a proxy knows us.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::settings::{ClientCertificate, ClientSettings};
use crate::files;
use crate::secret::SecretText;

/// Longest file, in bytes: some ten times what systems trust altogether.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Longest file with a user and a password, in bytes.
const LONGEST_LOGIN: u64 = 8 * 1024;

/// Names of the files of a folder that hold certificates.
const EXTENSIONS: [&str; 3] = ["pem", "crt", "cer"];

/// What tells one state of the files from another.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(PathBuf, Option<Stamp>)>);

/// Device, inode, length and time of the last change of a file.
type Stamp = (u64, u64, u64, i64, i64);

impl Stamps {
    pub(super) fn of(settings: &ClientSettings) -> Self {
        let mut paths: Vec<PathBuf> = settings.ca_file.iter().cloned().collect();
        if let Some(folder) = &settings.ca_dir {
            paths.extend(certificates_in(folder).unwrap_or_default());
        }
        if let Some(ours) = &settings.client_certificate {
            paths.extend([ours.cert_file.clone(), ours.key_file.clone()]);
        }
        paths.extend(settings.proxy_auth_file.iter().cloned());
        Self(paths.into_iter().map(stamped).collect())
    }
}

fn stamped(path: PathBuf) -> (PathBuf, Option<Stamp>) {
    let stamp = std::fs::metadata(&path)
        .ok()
        .map(|m| (m.dev(), m.ino(), m.len(), m.ctime(), m.ctime_nsec()));
    (path, stamp)
}

/// The authorities to trust, if any are named.
///
/// # Errors
/// Names the file or folder, and what is wrong with it.
pub(super) fn authorities(
    settings: &ClientSettings,
) -> Result<Option<Vec<reqwest::Certificate>>, String> {
    if settings.ca_file.is_none() && settings.ca_dir.is_none() {
        return Ok(None);
    }
    let mut all = Vec::new();
    if let Some(path) = &settings.ca_file {
        all.extend(certificates(path)?);
    }
    if let Some(folder) = &settings.ca_dir {
        let files = certificates_in(folder)
            .map_err(|e| format!("the folder {} cannot be read: {e}", folder.display()))?;
        if files.is_empty() {
            return Err(format!(
                "the folder {} holds no file whose name ends in .pem, .crt or .cer",
                folder.display()
            ));
        }
        for file in files {
            all.extend(certificates(&file)?);
        }
    }
    Ok(Some(all))
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let pem = files::read(path, LONGEST).map_err(|fault| {
        format!(
            "the CA file {} cannot be used: {}",
            path.display(),
            fault.told()
        )
    })?;
    reqwest::Certificate::from_pem_bundle(&pem)
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| format!("the CA file {} holds no PEM certificate", path.display()))
}

fn certificates_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_certificate = |path: &PathBuf| {
        // Editors and archive tools leave `.#ca.pem` and `._ca.pem` beside a file.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().and_then(|e| e.to_str());
        !name.starts_with('.')
            && extension.is_some_and(|e| EXTENSIONS.contains(&e))
            && path.is_file()
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(is_certificate);
    files.sort();
    Ok(files)
}

/// User and password of a proxy: one line with a colon between them.
///
/// # Errors
/// Names the file and what is wrong with it, never its content.
pub(super) fn proxy_login(path: &Path) -> Result<(String, SecretText), String> {
    let told = |why: &str| format!("the file {} for the proxy {why}", path.display());
    let bytes = files::read(path, LONGEST_LOGIN)
        .map_err(|fault| told(&format!("cannot be used: {}", fault.told())))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| told("is not UTF-8"))?;
    let line = text.trim_end_matches(['\r', '\n']);
    let (user, password) = line
        .split_once(':')
        .filter(|(user, _)| !user.is_empty() && !line.contains(char::is_control))
        .ok_or_else(|| told("is not one line `user:password`"))?;
    let password = SecretText::parse(password).map_err(|why| told(&format!("{why}")))?;
    Ok((user.to_owned(), password))
}

/// Our own certificate with its key.
///
/// # Errors
/// Names the file and what is wrong with it, never its content.
pub(super) fn identity(ours: &ClientCertificate) -> Result<reqwest::Identity, String> {
    let read = |what: &str, path: &Path, kind: &str| {
        let pem = files::read(path, LONGEST).map_err(|fault| {
            format!("{what} {} cannot be used: {}", path.display(), fault.told())
        })?;
        let marker = format!("{kind}-----");
        let found = pem
            .windows(marker.len())
            .any(|part| part == marker.as_bytes());
        found.then_some(pem).ok_or_else(|| {
            format!(
                "{what} {} holds no {} in PEM",
                path.display(),
                kind.to_lowercase()
            )
        })
    };
    let certificate = read("the client certificate", &ours.cert_file, "CERTIFICATE")?;
    let key = read(
        "the key of the client certificate",
        &ours.key_file,
        "PRIVATE KEY",
    )?;
    // As large as it gets from the start: growing would leave a copy behind.
    let mut both = Zeroizing::new(Vec::with_capacity(certificate.len() + 1 + key.len()));
    both.extend_from_slice(&certificate);
    both.push(b'\n');
    both.extend_from_slice(&key);
    parsed(&both, ours)
}

fn parsed(pem: &[u8], ours: &ClientCertificate) -> Result<reqwest::Identity, String> {
    reqwest::Identity::from_pem(pem).map_err(|_| {
        format!(
            "the client certificate {} with the key {} cannot be used: write them as PEM, the key without a passphrase",
            ours.cert_file.display(),
            ours.key_file.display()
        )
    })
}
