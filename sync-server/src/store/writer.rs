//! The one thread that writes, and its group commit.
//!
//! In: jobs from any thread. Out: each job's answer, sent after the commit that holds it.
//! Owns: the writer connection. Never: answers before `COMMIT` returned; lets one job's failure undo another's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use rusqlite::Connection;

use super::RegisterError;

/// Jobs taken into one transaction at most, so that the first does not wait for ever.
const BATCH: usize = 256;

/// Runs inside the transaction; says how to answer once the commit's fate is known (`None`: committed).
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Option<&str>) + Send>;

pub(super) struct Writer {
    // Dropped before the thread is joined, so that the thread sees the end of the queue.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, RegisterError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = thread::Builder::new()
            .name("register-writer".into())
            .spawn(move || serve(&connection, &queue))
            .map_err(|_| RegisterError::Closed)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    pub(super) fn run<T, E>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<RegisterError> + Send + 'static,
    {
        let (answer, wait) = mpsc::sync_channel::<Result<T, E>>(1);
        let boxed: Job = Box::new(move |connection| {
            let outcome = in_savepoint(connection, job);
            Box::new(move |failed| {
                let outcome = match (outcome, failed) {
                    (Ok(_), Some(reason)) => Err(E::from(RegisterError::Commit(reason.to_owned()))),
                    (outcome, _) => outcome,
                };
                // The caller may have gone; the work is committed all the same.
                let _ = answer.send(outcome);
            })
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(boxed).is_ok());
        if !sent {
            return Err(E::from(RegisterError::Closed));
        }
        wait.recv()
            .unwrap_or_else(|_| Err(E::from(RegisterError::Closed)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            // The last clone may be dropped by a job on the writer's own thread; it cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn serve(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut answers = Vec::new();
        let mut failed = connection
            .execute_batch("BEGIN IMMEDIATE")
            .err()
            .map(|error| error.to_string());
        let mut next = Some(first);
        while let Some(job) = next.take() {
            answers.push(job(connection));
            // A full disk or an I/O error makes SQLite roll the whole transaction back by itself.
            if failed.is_none() && connection.is_autocommit() {
                failed = Some("the transaction was rolled back by SQLite".into());
            }
            if failed.is_none() && answers.len() < BATCH {
                next = queue.try_recv().ok();
            }
        }
        if failed.is_none()
            && let Err(error) = connection.execute_batch("COMMIT")
        {
            failed = Some(error.to_string());
        }
        if failed.is_some() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(failed.as_deref());
        }
    }
}

fn in_savepoint<T, E: From<RegisterError>>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    if connection.is_autocommit() {
        // BEGIN failed: running the job now would commit each of its statements alone.
        return Err(E::from(RegisterError::Commit("no transaction".into())));
    }
    connection
        .execute_batch("SAVEPOINT job")
        .map_err(RegisterError::from)?;
    let outcome = catch_unwind(AssertUnwindSafe(|| job(connection)))
        .unwrap_or_else(|_| Err(E::from(RegisterError::Panicked)));
    let end = match &outcome {
        Ok(_) => "RELEASE job",
        Err(_) => "ROLLBACK TO job; RELEASE job",
    };
    match (connection.execute_batch(end), outcome) {
        (Err(error), Ok(_)) => Err(E::from(RegisterError::from(error))),
        (_, outcome) => outcome,
    }
}
