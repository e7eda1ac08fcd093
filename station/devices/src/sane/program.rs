//! The program `scanimage` while it runs: its output as it comes, its last words, and its end.
//!
//! In: arguments, a time-out. Out: bytes, the status. Owns: the child process, in a group of its own.
//! Never: leaves one behind: whoever drops a run ends it and waits; reads more of its words than it needs; hands on our
//! environment, by which passphrases come.

use std::io::{ErrorKind, Read};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use qayd_world::Clock;

use super::ScannerSettings;
use super::error::{ScannerError, has_failed, meaning};
use crate::error::DeviceError;

/// All of our environment that the program is given: where programs, libraries and settings are.
const PASSED_ON: [&str; 5] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SANE_CONFIG_DIR",
];
/// Bytes of one piece, and pieces that wait to be taken.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES: usize = 8;
/// Of the program's words.
const WORDS_BYTES_MAX: usize = 16 * 1024;
/// How long a program that was asked to end may take: backends send the carriage home. Then it is ended by force.
const END_MS: u64 = 2_000;
const POLL_MS: u64 = 20;
/// Of a list of devices or options.
const LIST_BYTES_MAX: usize = 256 * 1024;

/// What came.
pub(super) enum Came {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing yet.
    Nothing,
    /// Nothing more will.
    End,
}

/// What it said last, and the thread that reads it.
#[derive(Default)]
struct Words {
    last: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

/// A run of the program.
pub(super) struct Run<'a> {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    words: Words,
    clock: &'a dyn Clock,
    /// Set once the child was waited for.
    ended: Option<ExitStatus>,
}

impl<'a> Run<'a> {
    /// Starts it.
    ///
    /// # Errors
    /// [`ScannerError::ProgramMissing`], [`ScannerError::ProgramFailed`].
    pub(super) fn start(
        settings: &ScannerSettings,
        arguments: &[String],
        clock: &'a dyn Clock,
    ) -> Result<Self, ScannerError> {
        let mut command = Command::new(&settings.program);
        command
            .args(arguments)
            // Passphrases come to this program by its environment; backends are strangers' code.
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| PASSED_ON.iter().any(|own| name == own)))
            // Its words are read, so that they have to be English.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(config) = &settings.config {
            command.env("SANE_CONFIG_DIR", config);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => ScannerError::ProgramMissing,
            _ => ScannerError::ProgramFailed,
        })?;
        let (tell, pieces) = sync_channel(PIECES);
        if let Some(mut out) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut piece = vec![0; PIECE_BYTES];
                while let Ok(read) = out.read(&mut piece) {
                    let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
                        return;
                    };
                    // Nobody takes it any more: the run was dropped.
                    if tell.send(bytes.to_vec()).is_err() {
                        return;
                    }
                }
            });
        }
        let words = child.stderr.take().map(Words::read).unwrap_or_default();
        Ok(Self {
            child,
            pieces,
            words,
            clock,
            ended: None,
        })
    }

    /// What came, waiting `wait_ms` at most.
    pub(super) fn take(&self, wait_ms: u64) -> Came {
        match self.pieces.recv_timeout(Duration::from_millis(wait_ms)) {
            Ok(bytes) => Came::Bytes(bytes),
            Err(RecvTimeoutError::Timeout) => Came::Nothing,
            Err(RecvTimeoutError::Disconnected) => Came::End,
        }
    }

    /// How it ended, with its last words. `patience_ms` after its output ended it is ended by force; then there is no status.
    pub(super) fn finish(mut self, patience_ms: u64) -> (Option<ExitStatus>, String) {
        let status = self.wait(patience_ms);
        if status.is_none() {
            self.end();
        }
        // What it left running may hold its words open.
        let until = self.clock.monotonic_ms().saturating_add(END_MS);
        while !self.words.are_all() && self.clock.monotonic_ms() < until {
            self.clock.sleep_ms(POLL_MS);
        }
        (status, self.words.so_far())
    }

    /// What the failure it has told of means, while it has not ended yet.
    pub(super) fn failure(&self) -> Option<DeviceError> {
        let words = self.words.so_far();
        has_failed(&words).then(|| meaning(&words, None))
    }

    fn wait(&mut self, patience_ms: u64) -> Option<ExitStatus> {
        let until = self.clock.monotonic_ms().saturating_add(patience_ms);
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.ended = Some(status);
                return Some(status);
            }
            if self.clock.monotonic_ms() >= until {
                return None;
            }
            self.clock.sleep_ms(POLL_MS);
        }
    }

    /// Asks it to end, so that the scanner is left as it should be; then ends it and all that it started.
    fn end(&mut self) {
        if self.ended.is_some() {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Pid, Signal, kill_process, kill_process_group};
            let id = Pid::from_child(&self.child);
            let _ = kill_process(id, Signal::TERM);
            let until = self.clock.monotonic_ms().saturating_add(END_MS);
            while !self.is_dead() && self.clock.monotonic_ms() < until {
                // It may be writing: rows that nobody wants any more are taken, so that it comes to its end.
                while self.pieces.try_recv().is_ok() {}
                self.clock.sleep_ms(POLL_MS);
            }
            // Not waited for yet, so that the number of the group is still its own.
            let _ = kill_process_group(id, Signal::KILL);
        }
        let _ = self.child.kill();
        self.ended = self.child.wait().ok();
    }

    /// Whether it has ended, without taking its status.
    #[cfg(target_os = "linux")]
    fn is_dead(&self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let looked = waitid(WaitId::Pid(Pid::from_child(&self.child)), look);
        !matches!(looked, Ok(None))
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Words {
    /// Reads all it says, so that it never waits for a reader, and keeps the end of it.
    fn read(mut words: ChildStderr) -> Self {
        let last = Arc::<Mutex<Vec<u8>>>::default();
        let kept = last.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4_096];
            while let Ok(read) = words.read(&mut piece)
                && read > 0
            {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(piece.get(..read).unwrap_or_default());
                let over = kept.len().saturating_sub(WORDS_BYTES_MAX);
                kept.drain(..over);
            }
        });
        Self {
            last,
            reader: Some(reader),
        }
    }

    fn are_all(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn so_far(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&last).into_owned()
    }
}

/// Runs the program to its end and gives what it wrote: a list of devices, of options.
///
/// # Errors
/// What its status means; [`DeviceError::NotReady`] when it takes longer than `timeout_ms`.
pub(super) fn list(
    settings: &ScannerSettings,
    arguments: &[String],
    timeout_ms: u64,
    clock: &dyn Clock,
) -> Result<String, DeviceError> {
    let run = Run::start(settings, arguments, clock)?;
    let until = clock.monotonic_ms().saturating_add(timeout_ms);
    let mut text = Vec::new();
    loop {
        match run.take(POLL_MS) {
            Came::Bytes(bytes) if text.len() + bytes.len() <= LIST_BYTES_MAX => text.extend(bytes),
            Came::Bytes(_) => return Err(ScannerError::ProgramFailed.into()),
            Came::End => break,
            Came::Nothing => {}
        }
        if clock.monotonic_ms() >= until {
            return Err(DeviceError::NotReady {
                state: "its driver does not answer",
            });
        }
    }
    let (status, words) = run.finish(END_MS);
    match status {
        Some(status) if status.success() => Ok(String::from_utf8_lossy(&text).into_owned()),
        Some(status) => Err(meaning(&words, status.code())),
        None => Err(ScannerError::ProgramFailed.into()),
    }
}
