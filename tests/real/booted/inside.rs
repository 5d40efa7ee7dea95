//! The package inside of a booted machine.

use std::path::PathBuf;
use std::process::Command;

use crate::commands::BINARY;
use crate::house::House;
use crate::parts::{better_auth_issuer, token};
use crate::support::bare_http;
use crate::support::better_auth::BetterAuth;
use crate::support::machine::Machine;
use crate::support::part;
use crate::wait::eventually;

/// A rotation every twenty seconds.
const TIMES: &str = "lifetime = \"60s\"\nrenew_at = \"33%\"\noverlap = \"3s\"";

/// An identity provider that takes two seconds, in the one folder that the
/// service may write.
const KEEPER: &str = r#"#!/bin/sh
set -e
umask 077
sleep 2
cd /var/lib/scim-rotator
sed -n 's/.*"token":"\([^"]*\)".*/\1/p' > held.new
mv held.new held
echo '{"result": "applied"}'
"#;

/// The shipped watchdog waits for half a minute; here nobody has the time.
const SOON: &str = "[Service]\nWatchdogSec=5s\nRestartSec=1s\n";

/// The configuration, inside.
pub(super) const CONFIG: &str = "/etc/scim-rotator/scim-rotator.toml";

/// The package, and one of a higher version.
pub(super) struct Packages {
    pub(super) first: PathBuf,
    pub(super) next: PathBuf,
    _folder: tempfile::TempDir,
}

impl Packages {
    pub(super) fn build() -> Option<Self> {
        let cargo_deb = part::find("cargo-deb")?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut build = Command::new("/bin/sh");
        build
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["-c", BUILD, "sh"])
            .args([cargo_deb.join("bin").as_path(), folder.path()])
            .env("PROGRAM", BINARY)
            .env("PACKAGE_VERSION", "1.0-1")
            .env("FAST", "yes");
        let first = PathBuf::from(succeeds(build).trim());
        let next = folder.path().join("next.deb");
        // The same in another version: packing it again is quicker.
        let mut again = Command::new("/bin/sh");
        again
            .current_dir(folder.path())
            .args(["-ec", AGAIN, "sh"])
            .args([&first, &next]);
        succeeds(again);
        Some(Self {
            first,
            next,
            _folder: folder,
        })
    }
}

/// Its folder for what goes into the package is always the same: one at a time.
const BUILD: &str = "mkdir -p target && PATH=$1:$PATH exec flock --no-fork target/package.lock deploy/package/build.sh $2";

const AGAIN: &str = "
dpkg-deb --raw-extract $1 next
sed -i 's/^Version: 1.0-1$/Version: 1.1-1/' next/DEBIAN/control
dpkg-deb -Zgzip -z1 --build next $2
";

/// Runs a command that must succeed; returns what it said.
fn succeeds(mut command: Command) -> String {
    let ran = command.output().expect("it runs");
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}\n{complained}");
    String::from_utf8(ran.stdout).expect("text")
}

/// The package inside of the machine.
pub(super) struct Inside {
    pub(super) machine: Machine,
    url: String,
}

impl Inside {
    pub(super) fn install(machine: Machine, packages: &Packages) -> Self {
        machine.put(&packages.first, "/srv/first.deb");
        let inside = Self {
            machine,
            url: String::new(),
        };
        inside.machine.must("dpkg --install /srv/first.deb");
        assert_eq!(inside.unit("ActiveState"), "inactive", "nothing is started");
        for file in [
            CONFIG,
            "/usr/share/man/man1/scim-rotator.1.gz",
            "/usr/share/man/man1/scim-rotator-rotate.1.gz",
            "/usr/share/bash-completion/completions/scim-rotator",
            "/usr/share/scim-rotator/prometheus/scim-rotator.rules.yml",
        ] {
            assert!(inside.machine.path(file).is_file(), "{file}");
        }
        for unit in [
            "scim-rotator.service",
            "scim-rotator-once.service",
            "scim-rotator-once.timer",
        ] {
            let output = inside
                .machine
                .run(&format!("systemd-analyze verify --man=no {unit}"));
            let said = [output.stdout, output.stderr].concat();
            assert!(
                said.is_empty(),
                "{unit}: {}",
                String::from_utf8_lossy(&said)
            );
        }
        inside
    }

    /// Puts the configuration of the house in its place.
    pub(super) async fn configure(&mut self, house: &mut House, server: &BetterAuth) {
        let keeper =
            "\n[connections.idp.exec]\ncommand = [\"/usr/local/bin/keep\"]\ntimeout = \"5s\"\n";
        let sections = [
            better_auth_issuer(house, server).await,
            keeper.to_owned(),
            token(&server.scim_url(), "idp", TIMES),
        ];
        self.url = house.configure(&sections.concat());
        self.take_over(house);
        self.machine.put(
            &house.path("vault-secret-id"),
            "/etc/scim-rotator/vault-secret-id",
        );
        self.machine
            .must("chmod 0600 /etc/scim-rotator/vault-secret-id");
        std::fs::write(self.machine.path("/usr/local/bin/keep"), KEEPER).expect("written");
        self.machine.must("chmod 0755 /usr/local/bin/keep");
        self.drop_in("soon", SOON);
    }

    /// Adds to the unit as shipped.
    pub(super) fn drop_in(&self, name: &str, text: &str) {
        let folder = "/etc/systemd/system/scim-rotator.service.d";
        self.machine.must(&format!("mkdir -p {folder}"));
        let file = self.machine.path(&format!("{folder}/{name}.conf"));
        std::fs::write(file, text).expect("written");
        self.machine.must("systemctl daemon-reload");
    }

    /// The configuration as it stands in the house, with the credential where
    /// systemd puts it.
    pub(super) fn take_over(&self, house: &House) {
        let text = std::fs::read_to_string(house.config()).expect("read");
        let file = format!("{:?}", house.path("vault-secret-id"));
        let text = text.replace(&file, "\"${CREDENTIALS_DIRECTORY}/vault-secret-id\"");
        std::fs::write(self.machine.path(CONFIG), text).expect("written");
    }

    /// Waits until systemd has started another process in the place of `pid`.
    pub(super) async fn is_started_again(&self, pid: &str) {
        eventually("systemd starts it again", async || {
            let active = self.unit("ActiveState") == "active";
            (active && self.pid() != pid).then_some(())
        })
        .await;
    }

    pub(super) async fn until_metrics(&self, what: &str, line: &str) {
        let http = bare_http();
        eventually(what, async || {
            let answer = http
                .get(format!("{}/metrics", self.url))
                .send()
                .await
                .ok()?;
            let metrics = answer.text().await.ok()?;
            metrics.lines().any(|found| found == line).then_some(())
        })
        .await;
    }

    pub(super) fn pid(&self) -> String {
        self.unit("MainPID")
    }

    pub(super) fn unit(&self, property: &str) -> String {
        let show = format!("systemctl show --value --property={property} scim-rotator");
        self.machine.must(&show).trim().to_owned()
    }

    pub(super) fn journal(&self) -> String {
        self.machine
            .must("journalctl --no-pager --unit=scim-rotator")
    }
}
