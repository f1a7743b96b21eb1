//! Executables by program: loaded from the artifact or the cache, or compiled, in the background where it is known early
//! that one will be needed.

use super::cache::ExecutableCache;
use super::error::RunError;
use crate::artifact::{CompiledWith, Modules, ProgramId, program_key};
use crate::pjrt::{Client, CompileOptions, Executable, PjrtError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The executables of a session.
pub(super) struct Programs<'a> {
    modules: &'a dyn Modules,
    with: CompiledWith,
    use_packaged: bool,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// The key of each program that was asked for: programs that are equal but for names and places share an executable.
    keys: BTreeMap<ProgramId, String>,
}

/// Where executables came from, and how long it took to get them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompileStats {
    /// Compiled from StableHLO.
    pub compiled: usize,
    /// Loaded from the artifact or the cache.
    pub loaded: usize,
    /// Time spent compiling, on whatever thread.
    pub compile: Duration,
    /// Time spent loading, on whatever thread.
    pub load: Duration,
    /// Each program that was compiled, in the order in which they were done.
    pub each: Vec<(ProgramId, Duration)>,
}

/// What the threads share.
struct Shared {
    client: Client,
    options: CompileOptions,
    cache: Option<ExecutableCache>,
    board: Mutex<Board>,
    changed: Condvar,
}

#[derive(Default)]
struct Board {
    jobs: VecDeque<Job>,
    running: BTreeSet<String>,
    done: BTreeMap<String, Result<Arc<Executable>, PjrtError>>,
    /// Keys whose compilation panicked.
    panicked: BTreeSet<String>,
    stats: CompileStats,
}

/// A module to compile.
struct Job {
    id: ProgramId,
    key: String,
    text: String,
    packaged: Option<Vec<u8>>,
}

/// What came of a job.
struct Built {
    executable: Executable,
    was_compiled: bool,
}

impl<'a> Programs<'a> {
    pub(super) fn new(
        client: Client,
        modules: &'a dyn Modules,
        with: CompiledWith,
        options: CompileOptions,
        cache: Option<ExecutableCache>,
    ) -> Self {
        let shared = Shared { client, options, cache, board: Mutex::default(), changed: Condvar::new() };
        let (workers, keys) = (Vec::new(), BTreeMap::new());
        Self { modules, with, use_packaged: true, shared: Arc::new(shared), workers, keys }
    }

    /// The same, with or without the executables that come with the modules.
    pub(super) fn with_packaged(mut self, use_packaged: bool) -> Self {
        self.use_packaged = use_packaged;
        self
    }

    /// Starts to compile programs that are likely to be needed, in this order.
    ///
    /// A module that is missing or cannot be lowered shows when the program is asked for.
    pub(super) fn prepare(&mut self, ids: impl IntoIterator<Item = ProgramId>) {
        for id in ids {
            if self.keys.contains_key(&id) {
                continue;
            }
            let Ok(job) = self.job(id) else { continue };
            let mut board = self.shared.lock();
            if !board.knows(&job.key) {
                board.jobs.push_back(job);
            }
        }
        let waiting = self.shared.lock().jobs.len();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.retain(|worker| !worker.is_finished());
        while self.workers.len() < waiting.min(processors) {
            let shared = Arc::clone(&self.shared);
            self.workers.push(std::thread::spawn(move || while shared.work() {}));
        }
    }

    /// The executable of a program; waits for it, or compiles it here.
    pub(super) fn get(&mut self, id: ProgramId) -> Result<Arc<Executable>, RunError> {
        if !self.keys.contains_key(&id) {
            let job = self.job(id)?;
            let mut board = self.shared.lock();
            if !board.knows(&job.key) {
                board.jobs.push_front(job);
            }
        }
        let key = &self.keys[&id];
        let mut board = self.shared.lock();
        loop {
            match board.done.get(key) {
                Some(Ok(executable)) => return Ok(Arc::clone(executable)),
                Some(Err(error)) => return Err(self.refused(id, error)),
                None => {}
            }
            if board.panicked.contains(key) {
                return Err(RunError::bug(format!("compiling program {id} panicked")));
            }
            match board.jobs.iter().position(|job| job.key == *key).and_then(|at| board.jobs.remove(at)) {
                Some(job) => {
                    board.running.insert(job.key.clone());
                    drop(board);
                    self.shared.build_and_publish(job);
                    board = self.shared.lock();
                }
                None => board = self.shared.changed.wait(board).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Where the executables came from so far.
    pub(super) fn stats(&self) -> CompileStats {
        self.shared.lock().stats.clone()
    }

    fn job(&mut self, id: ProgramId) -> Result<Job, RunError> {
        let text = self.modules.module(id)?.into_owned();
        let key = program_key(&text);
        let packaged = if self.use_packaged { self.modules.executable(&key, &self.with) } else { None };
        let packaged = packaged.map(std::borrow::Cow::into_owned);
        self.keys.insert(id, key.clone());
        Ok(Job { id, key, text, packaged })
    }

    /// A module that XLA refuses is our fault; anything else is the machine's.
    fn refused(&self, id: ProgramId, error: &PjrtError) -> RunError {
        match error.code() {
            Some(crate::pjrt::ErrorCode::InvalidArgument | crate::pjrt::ErrorCode::Unimplemented) => {
                RunError::bug(format!("program {id} does not compile for {}: {error}", self.with.target))
            }
            _ => error.clone().into(),
        }
    }
}

impl Drop for Programs<'_> {
    fn drop(&mut self) {
        self.shared.lock().jobs.clear();
        for worker in self.workers.drain(..) {
            // A worker's panic was reported where its program was asked for.
            let _ = worker.join();
        }
        if let Some(cache) = &self.shared.cache
            && self.shared.lock().stats.compiled > 0
        {
            cache.prune();
        }
    }
}

impl Board {
    fn knows(&self, key: &str) -> bool {
        self.done.contains_key(key) || self.running.contains(key) || self.jobs.iter().any(|job| job.key == key)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one job; `false` if there is none left.
    fn work(&self) -> bool {
        let mut board = self.lock();
        let Some(job) = board.jobs.pop_front() else { return false };
        board.running.insert(job.key.clone());
        drop(board);
        self.build_and_publish(job);
        true
    }

    fn build_and_publish(&self, job: Job) {
        let started = Instant::now();
        let built = catch_unwind(AssertUnwindSafe(|| self.build(&job)));
        let took = started.elapsed();
        let mut board = self.lock();
        board.running.remove(&job.key);
        match built {
            Ok(Ok(built)) => {
                let stats = &mut board.stats;
                if built.was_compiled {
                    stats.compiled += 1;
                    stats.compile += took;
                    stats.each.push((job.id, took));
                } else {
                    stats.loaded += 1;
                    stats.load += took;
                }
                board.done.insert(job.key, Ok(Arc::new(built.executable)));
            }
            Ok(Err(error)) => {
                board.done.insert(job.key, Err(error));
            }
            Err(_) => {
                board.panicked.insert(job.key);
            }
        }
        drop(board);
        self.changed.notify_all();
    }

    fn build(&self, job: &Job) -> Result<Built, PjrtError> {
        if let Some(packaged) = &job.packaged
            && let Some(executable) = self.load(packaged)
        {
            return Ok(Built { executable, was_compiled: false });
        }
        if let Some(cache) = &self.cache
            && let Some(cached) = cache.get(&job.key)
        {
            match self.load(&cached) {
                Some(executable) => return Ok(Built { executable, was_compiled: false }),
                None => cache.remove(&job.key),
            }
        }
        let executable = self.client.compile(&job.text, &self.options)?;
        if let Some(cache) = &self.cache
            && let Ok(bytes) = executable.serialize()
        {
            cache.put(&job.key, &bytes);
        }
        Ok(Built { executable, was_compiled: true })
    }

    /// An executable that cannot be loaded here is as good as none.
    fn load(&self, bytes: &[u8]) -> Option<Executable> {
        let executable = self.client.load(bytes).ok()?;
        (executable.replicas() == self.options.replicas).then_some(executable)
    }
}
