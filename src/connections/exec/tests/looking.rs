//! Confirmation and preflight: what the program says when it only looks.

use super::*;

#[tokio::test]
async fn confirmations_have_these_meanings() {
    let off = Bench::new("exit 1");
    assert_eq!(off.confirm().await, Ok(Confirmation::CannotTell));
    let answer = |text: &'static str| async move {
        let bench = Bench::new(&format!("echo '{text}'")).with(|c| c.confirm = true);
        bench.confirm().await
    };
    assert_eq!(
        answer("{\"result\":\"confirmed\"}").await,
        Ok(Confirmation::Works)
    );
    assert_eq!(
        answer("{\"result\":\"unknown\"}").await,
        Ok(Confirmation::CannotTell)
    );
    assert_eq!(
        answer("{\"result\":\"not_yet\",\"detail\":\"syncing\",\"retry_after_seconds\":5}").await,
        Ok(Confirmation::NotYet {
            detail: "syncing".to_owned(),
            ask_again: Some(jiff::SignedDuration::from_secs(5)),
        })
    );
    assert_eq!(
        answer("{\"result\":\"refused\",\"detail\":\"401\"}").await,
        Ok(Confirmation::Refused {
            detail: "401".to_owned()
        })
    );
    for failed in [
        "{\"result\":\"applied\"}",
        "{\"result\":\"not_applied\"}",
        "?",
    ] {
        let fault = answer(failed).await.expect_err(failed);
        assert_eq!(
            fault.class,
            FaultClass::NotApplied,
            "looking changes nothing"
        );
    }
}

#[tokio::test]
async fn a_preflight_gets_no_token() {
    let bench = in_folder("cat > @DIR@/input; echo '{\"result\":\"confirmed\"}'")
        .with(|c| c.preflight = true);
    let (_, _, url) = facts();
    bench
        .connection()
        .preflight("crm", &url)
        .await
        .expect("fine");
    let input = bench.read("input");
    assert!(
        input.contains("\"action\":\"preflight\"") && !input.contains("\"token\""),
        "{input}"
    );

    let refusing = Bench::new("echo '{\"result\":\"refused\",\"detail\":\"other URL\"}'")
        .with(|c| c.preflight = true);
    let fault = refusing
        .connection()
        .preflight("crm", &url)
        .await
        .expect_err("refused");
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Rejected, FaultKind::Config)
    );
}
