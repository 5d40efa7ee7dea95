//! The queue with readers that stall.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use super::*;

const SHORT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);

/// A reader that takes a line when it is asked to.
struct Reader(SyncSender<Vec<u8>>);

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.send(bytes.to_vec());
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stalled(most_bytes: usize) -> (LineQueue, Receiver<Vec<u8>>) {
    let (send, receive) = sync_channel(0);
    let queue = LineQueue::with_bound(Reader(send), |_| {}, most_bytes);
    (queue.expect("a thread"), receive)
}

/// The same, with what is told.
fn told(most_bytes: usize) -> (LineQueue, Receiver<Vec<u8>>, Receiver<u64>) {
    let (send, receive) = sync_channel(0);
    let (tell, told) = std::sync::mpsc::channel();
    let tell = move |lines| tell.send(lines).expect("heard");
    let queue = LineQueue::with_bound(Reader(send), tell, most_bytes);
    (queue.expect("a thread"), receive, told)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the thread runs in real time")]
fn a_reader_that_stalls_costs_lines_and_no_time() {
    let (queue, reader) = stalled(100);
    let begun = Instant::now();
    for number in 0..1000 {
        queue.push(format!("line {number:03}\n").as_bytes());
    }
    queue.flush(SHORT);
    assert!(begun.elapsed() < Duration::from_secs(20));
    let lost = queue.lost();
    // Nine bytes each: eleven wait, and one is being written.
    assert!((988..=989).contains(&lost), "{lost}");
    // Which one is being written depends on when the thread began.
    let mut kept: Vec<Vec<u8>> = Vec::new();
    while let Ok(line) = reader.recv_timeout(PATIENCE) {
        assert!(kept.last().is_none_or(|before| *before < line));
        kept.push(line);
        if kept.len() as u64 + lost == 1000 {
            break;
        }
    }
    assert_eq!(kept.len() as u64 + lost, 1000);
}

#[test]
fn everything_is_written_before_the_end() {
    let (queue, reader) = stalled(MOST_BYTES);
    for number in 0..100 {
        queue.push(format!("{number}\n").as_bytes());
    }
    let reading = thread::spawn(move || reader.iter().take(100).count());
    queue.flush(PATIENCE);
    assert_eq!(reading.join().expect("joined"), 100);
    assert_eq!(queue.lost(), 0);
}

#[test]
fn lines_that_nobody_can_read_any_more_are_lost() {
    let (queue, reader) = stalled(MOST_BYTES);
    drop(reader);
    queue.push(b"one\n");
    queue.push(b"two\n");
    queue.flush(PATIENCE);
    assert_eq!(queue.lost(), 2);
}

#[test]
fn what_was_lost_is_told_when_the_reader_reads_again() {
    let (queue, reader, told) = told(100);
    for number in 0..1000 {
        queue.push(format!("line {number:03}\n").as_bytes());
    }
    let lost = queue.lost();
    assert!(told.try_recv().is_err(), "nobody would read it");
    assert!(reader.recv_timeout(PATIENCE).is_ok());
    assert_eq!(told.recv_timeout(PATIENCE), Ok(lost));
}

#[test]
fn what_is_left_at_the_end_is_told_once() {
    let (queue, reader, told) = told(100);
    for number in 0..1000 {
        queue.push(format!("line {number:03}\n").as_bytes());
    }
    queue.end(SHORT);
    assert_eq!(told.try_recv(), Ok(1000), "nothing was written");
    queue.end(SHORT);
    assert!(told.try_recv().is_err());
    drop(reader);
}

#[test]
fn after_a_reader_that_takes_all_nothing_is_told() {
    let (queue, reader, told) = told(MOST_BYTES);
    for number in 0..100 {
        queue.push(format!("{number}\n").as_bytes());
    }
    let reading = thread::spawn(move || reader.iter().take(100).count());
    queue.end(PATIENCE);
    assert_eq!(reading.join().expect("joined"), 100);
    assert!(told.try_recv().is_err());
}
