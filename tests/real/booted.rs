//! The package on a server: installed, started, disturbed, upgraded and purged
//! under a systemd that was booted for it.

mod inside;

use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;

use super::house::{House, is_free, is_settled, text};
use super::parts::read_users;
use super::support::better_auth::BetterAuth;
use super::support::machine::Machine;
use super::wait::eventually;
use inside::{CONFIG, Inside, Packages};

#[tokio::test(flavor = "multi_thread")]
async fn the_package_on_a_booted_server() {
    let Some(packages) = Packages::build() else {
        return;
    };
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let Some(machine) = Machine::boot("booted-systemd").await else {
        return;
    };
    let mut inside = Inside::install(machine, &packages);
    assert_eq!(inside.unit("Type"), "notify");
    inside.configure(&mut house, &server).await;
    inside.starts(&house).await;
    inside.keeps_its_credential();
    inside.reloads(&house).await;
    inside
        .is_killed_by_the_watchdog_when_it_stands_still(&house)
        .await;
    inside.ends_cleanly_between_two_steps(&house).await;
    inside.is_killed_in_the_middle_and_completes(&house).await;
    inside.is_upgraded(&packages, &house).await;
    let journal = inside.journal();
    house
        .heard()
        .lock()
        .insert("journal".to_owned(), journal.into_bytes());
    inside.machine.must("systemctl stop scim-rotator");
    // Not the one of before: there was time for another.
    let record = house.record().await;
    let current = text(&record["current"]["value"]);
    assert_eq!(read_users(&server.scim_url(), current).await, 200);
    inside.is_purged();
    house.close().await;
}

/// The drop-in notify-reload.conf, which the package chooses by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_systemd_reloads_without_a_helper() {
    let Some(packages) = Packages::build() else {
        return;
    };
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let Some(machine) = Machine::boot("booted-systemd-backports").await else {
        return;
    };
    let mut inside = Inside::install(machine, &packages);
    assert_eq!(inside.unit("Type"), "notify-reload");
    inside.configure(&mut house, &server).await;
    inside.starts(&house).await;
    inside.reloads(&house).await;
    inside.takes_an_encrypted_credential();
    inside.machine.must("systemctl stop scim-rotator");
    assert_eq!(inside.unit("Result"), "success");
    inside.works_once_by_the_timer();
    inside.machine.must("dpkg --purge scim-rotator");
    let drop_in = "/usr/lib/systemd/system/scim-rotator.service.d";
    assert!(!inside.machine.path(drop_in).exists(), "it goes as it came");
    house.close().await;
}

impl Inside {
    async fn starts(&self, house: &House) {
        // Returns when the service has said READY.
        self.machine.must("systemctl enable --now scim-rotator");
        assert_eq!(self.unit("ActiveState"), "active");
        let record = house.until("the first token", is_settled).await;
        self.holds(&record);
        eventually("the status line tells", async || {
            self.unit("StatusText").starts_with("1 token").then_some(())
        })
        .await;
    }

    /// What the identity provider holds is what is in use.
    fn holds(&self, record: &Value) {
        let held = self.machine.path("/var/lib/private/scim-rotator/held");
        let held = std::fs::read_to_string(held).expect("it holds a token");
        assert_eq!(held.trim(), text(&record["current"]["value"]));
    }

    fn keeps_its_credential(&self) {
        let credential = "/run/credentials/scim-rotator.service/vault-secret-id";
        let id = self
            .machine
            .must(&format!("stat -c %u /proc/{}", self.pid()));
        let owner = self.machine.must(&format!(
            "ps -o uid= -p {} 2>/dev/null || awk '/^Uid:/ {{ print $2 }}' /proc/{}/status",
            self.pid(),
            self.pid()
        ));
        let service = owner.trim();
        assert_ne!(service, "0", "it does not run as root ({id})");
        let read = |user: &str, file: &str| {
            format!("setpriv --reuid={user} --regid={user} --clear-groups cat {file}")
        };
        self.machine.must(&read(service, credential));
        self.machine.must_not(&read("65534", credential));
        for file in ["/etc/scim-rotator/vault-secret-id", "/etc/shadow"] {
            self.machine.must_not(&read(service, file));
        }
        self.machine
            .must_not(&read("65534", "/var/lib/private/scim-rotator/held"));
    }

    async fn reloads(&self, house: &House) {
        let pid = self.pid();
        let text = std::fs::read_to_string(house.config()).expect("read");
        let more = text.split_once("[tokens.crm]").expect("the token").1;
        let more = format!(
            "{text}\n[tokens.erp]{}",
            more.replace("kv/scim/crm", "kv/scim/erp")
                .replace("connections = [\"idp\"]", "")
        );
        house.file("scim-rotator.toml", &more);
        self.take_over(house);
        self.machine.must("systemctl reload scim-rotator");
        self.until_metrics(
            "the new token works",
            "scim_rotator_rotations_total{token=\"erp\",result=\"success\"} 1",
        )
        .await;

        house.file(
            "scim-rotator.toml",
            &more.replace("issuer = \"sp\"", "issuer = \"ps\""),
        );
        self.take_over(house);
        let failed = self.machine.must_not("systemctl reload scim-rotator");
        assert!(failed.contains("failed"), "{failed}");
        self.until_metrics(
            "it is refused",
            "scim_rotator_config_last_reload_successful 0",
        )
        .await;
        assert_eq!(self.unit("ActiveState"), "active");

        house.file("scim-rotator.toml", &text);
        self.take_over(house);
        self.machine.must("systemctl reload scim-rotator");
        self.until_metrics(
            "it is taken up",
            "scim_rotator_config_last_reload_successful 1",
        )
        .await;
        assert_eq!(self.pid(), pid, "it is the same process");
    }

    /// As the README says; the key is that of the machine.
    fn takes_an_encrypted_credential(&self) {
        let plain = "/etc/scim-rotator/vault-secret-id";
        self.machine.must(&format!(
            "systemd-creds encrypt --name=vault-secret-id {plain} {plain}.cred && mv {plain} /srv/"
        ));
        self.drop_in(
            "encrypted",
            &format!(
                "[Service]\nLoadCredential=\nLoadCredentialEncrypted=vault-secret-id:{plain}.cred\n"
            ),
        );
        self.machine.must("systemctl restart scim-rotator");
        assert_eq!(self.unit("ActiveState"), "active");
        self.machine
            .must(&format!("mv /srv/vault-secret-id {plain}"));
    }

    fn works_once_by_the_timer(&self) {
        let once = "scim-rotator-once";
        self.machine
            .must(&format!("systemctl enable --now {once}.timer"));
        let next = format!("systemctl show --value --property=NextElapseUSecRealtime {once}.timer");
        assert!(!self.machine.must(&next).trim().is_empty(), "it will ring");
        // Returns when it has ended, and fails as it does.
        self.machine
            .must(&format!("systemctl start {once}.service"));
        self.machine
            .must(&format!("systemctl disable --now {once}.timer"));
    }

    async fn is_killed_by_the_watchdog_when_it_stands_still(&self, house: &House) {
        let before = self.is_delivering(house).await;
        let pid = self.pid();
        self.machine
            .must("systemctl kill --kill-whom=main --signal=STOP scim-rotator");
        self.is_started_again(&pid).await;
        assert!(
            self.journal().contains("Watchdog timeout"),
            "by the watchdog"
        );
        // Once the lease of the one that stood still has run out.
        self.completes(house, &before).await;
    }

    async fn ends_cleanly_between_two_steps(&self, house: &House) {
        let before = self.is_delivering(house).await;
        self.machine.must("systemctl stop scim-rotator");
        let ended_by = SystemClock.now();
        assert_eq!(self.unit("Result"), "success");
        assert!(self.journal().contains("ended: every step is stored"));
        let record = house.record().await;
        assert!(is_free(&record, ended_by), "held: {}", record["lease"]);
        let progress = &record["rotation"]["deliveries"]["idp"];
        assert_ne!(progress["state"], "started", "the step is committed");
        let failures = &record["failures"]["consecutive"];
        assert_eq!(failures, 0, "nobody cut the step short");
        self.machine.must("systemctl start scim-rotator");
        self.completes(house, &before).await;
    }

    async fn is_killed_in_the_middle_and_completes(&self, house: &House) {
        let before = self.is_delivering(house).await;
        let pid = self.pid();
        self.machine
            .must("systemctl kill --kill-whom=main --signal=KILL scim-rotator");
        self.is_started_again(&pid).await;
        let after = self.completes(house, &before).await;
        // As it was promoted: on a slow machine the next rotation follows at once.
        let all = house.every_record().await;
        let mut promoted = all
            .iter()
            .filter(|r| r["generation"] == after["generation"]);
        assert_eq!(
            before["issues"].as_array().map(Vec::len),
            promoted.next().expect("it")["issues"]
                .as_array()
                .map(Vec::len),
            "nothing is issued twice"
        );
    }

    /// Waits for the next rotation; returns the record in the middle of it.
    async fn is_delivering(&self, house: &House) -> Value {
        house
            .until("a rotation delivers", |record| {
                record["rotation"]["may_be_delivered"] == true
            })
            .await
    }

    /// Waits until the rotation that `before` is in has ended.
    async fn completes(&self, house: &House, before: &Value) -> Value {
        let next = before["generation"].as_u64().expect("a number") + 1;
        let record = house
            .until("the rotation is completed", |record| {
                record["generation"] == next
            })
            .await;
        self.holds(&record);
        record
    }

    async fn is_upgraded(&self, packages: &Packages, house: &House) {
        self.machine.put(&packages.next, "/srv/next.deb");
        let pid = self.pid();
        let before = house.record().await["generation"].as_u64();
        self.machine.must("dpkg --install /srv/next.deb");
        self.is_started_again(&pid).await;
        assert!(
            self.machine
                .must("dpkg-query --show scim-rotator")
                .contains("1.1-1")
        );
        let config = std::fs::read_to_string(self.machine.path(CONFIG)).expect("kept");
        assert!(
            config.contains("[tokens.crm]"),
            "a person's configuration is kept"
        );
        let record = house
            .until("it goes on", |record| {
                record["generation"].as_u64() > before && is_settled(record)
            })
            .await;
        self.holds(&record);
    }

    fn is_purged(&self) {
        self.machine.must("dpkg --purge scim-rotator");
        self.machine.must("rm /srv/first.deb /srv/next.deb");
        let left = self.machine.must(
            "find / -xdev -name '*scim-rotator*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/var/log/*' -not -path '/var/lib/dpkg/*-old'",
        );
        assert_eq!(left, "", "purge leaves nothing");
        assert_ne!(self.unit("LoadState"), "loaded");
    }
}
