//! A program that runs too long, or whose call is given up, leaves nobody behind.

use std::path::Path;
use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_timeout_kills_the_children_of_the_program_too() {
    // On a busy machine the shells may need longer than the first limit.
    for limit in ["700ms", "5s", "30s"] {
        let bench = in_folder(
            "(trap '' TERM; echo $$ > @DIR@/leader; sh -c 'trap \"\" TERM; echo $$ > @DIR@/grandchild; while :; do sleep 1; done' & \
             wait; sleep 600)",
        )
        .with(|c| c.timeout = crate::value::HumanDuration::parse(limit).expect("a time"));
        let fault = bench.deliver().await.expect_err("too slow");
        assert_eq!(
            (fault.class, fault.kind),
            (FaultClass::Ambiguous, FaultKind::Timeout)
        );
        let started = ["leader", "grandchild"].map(|file| bench.read(file).trim().to_owned());
        for pid in started.iter().filter(|pid| !pid.is_empty()) {
            assert!(gone(pid).await, "{pid} is still there");
        }
        if started.iter().all(|pid| !pid.is_empty()) {
            return;
        }
    }
    panic!("the program never started its child");
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nobody_behind() {
    let bench = in_folder(
        "echo $$ > @DIR@/leader; sh -c 'echo $$ > @DIR@/grandchild; exec sleep 600' & wait",
    );
    let grandchild = bench.dir.path().join("grandchild");
    let call = tokio::time::timeout(Duration::from_secs(30), async {
        tokio::select! {
            result = bench.deliver() => panic!("ended: {result:?}"),
            () = appeared(&grandchild) => {}
        }
    });
    call.await.expect("started");
    for file in ["leader", "grandchild"] {
        let pid = bench.read(file);
        assert!(gone(pid.trim()).await, "{file} is still there");
    }
}

/// The program has said what came of it and has ended. What it left in the
/// background holds its output open, and is neither waited for nor ended.
#[tokio::test]
async fn what_a_program_leaves_in_the_background_is_not_waited_for() {
    for (answer, works) in [("{\"result\": \"applied\"}", true), ("", false)] {
        let bench = in_folder(&format!(
            "cat > /dev/null; sh -c 'echo $$ > @DIR@/left; exec sleep 600' & \
             while [ ! -s @DIR@/left ]; do sleep 0.02; done; echo '{answer}'"
        ))
        .with(|c| c.timeout = crate::value::HumanDuration::parse("50s").expect("a time"));
        let began = tokio::time::Instant::now();
        let result = bench.deliver().await;
        let took = began.elapsed();
        let left = bench.read("left");
        let lives = Path::new("/proc").join(left.trim()).exists();
        let pid = left
            .trim()
            .parse()
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::KILL)
            .expect("it lives");
        assert_eq!(result.is_ok(), works, "{result:?}");
        assert!(took < Duration::from_secs(30), "{took:?}");
        assert!(lives, "what is left is not ended");
    }
}

async fn appeared(file: &Path) {
    while std::fs::read_to_string(file)
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether the process goes away; a zombie of ours would stay. An orphan is
/// buried by the init process, which may take a moment or, where there is
/// none, not happen: then a zombie whose parent is not this process counts.
async fn gone(pid: &str) -> bool {
    let ours = std::process::id().to_string();
    for _ in 0..500 {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return true;
        };
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let mut fields = after_name.split_whitespace();
        let (state, parent) = (fields.next(), fields.next());
        if state == Some("Z") && parent != Some(ours.as_str()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
