//! Executables by program: loaded from the artifact or the cache, or compiled, in the background where it is known early
//! that one will be needed.

use super::cache::ExecutableCache;
use super::call::Program;
use super::error::RunError;
use crate::artifact::{Abi, ArtifactError, CompiledWith, Manifest, Modules, Platform, ProgramId, program_key};
use crate::pjrt::{Client, CompileOptions, Executable, PjrtError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A step over tensors of at most so many elements takes a tenth of a millisecond or less, and a quarter more in code that was compiled
/// quickly; compiling it takes a hundred or more (decision 17).
const SMALL: usize = 1 << 14;

/// The operation that gives other bits in code that is compiled quickly. What a row gives must not depend on how many there are.
const TANGENT: &str = "\"stablehlo.tan\"";

/// What decides how a program is compiled, for fingerprints: an executable of another rule is not used.
pub(super) fn quick_rule() -> String {
    format!("quick to {SMALL} elements without {TANGENT}")
}

/// The executables of a session; its runs share them.
pub(super) struct Programs<'a> {
    manifest: Arc<Manifest>,
    modules: Arc<dyn Modules + 'a>,
    with: CompiledWith,
    use_packaged: bool,
    /// Whether small programs are compiled quickly.
    is_hurried: bool,
    shared: Arc<CompileQueue>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// Those that were asked for.
    known: Mutex<BTreeMap<ProgramId, Known>>,
}

/// A program that was asked for.
#[derive(Clone)]
struct Known {
    /// Programs that are equal but for names and places share an executable, and so this.
    key: String,
    abi: Arc<Abi>,
}

/// Where executables came from, and how long it took to get them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompileStats {
    /// Compiled from StableHLO.
    pub compiled: usize,
    /// How many of these were compiled quickly, for code that may be slower.
    pub compiled_quickly: usize,
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
struct CompileQueue {
    client: Client,
    options: CompileOptions,
    /// Whether the plugin, of another version than ours, was found not to know how to compile quickly.
    refuses_quick: AtomicBool,
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
    abi: Arc<Abi>,
    quick: bool,
}

/// Whether the time that it takes to compile counts more than the time that its code takes.
fn is_small(abi: &Abi, text: &str) -> bool {
    let slots = abi.arguments.iter().chain(&abi.results);
    let largest = slots.map(|slot| slot.dims.iter().product()).max().unwrap_or(0_usize);
    largest <= SMALL && !text.contains(TANGENT)
}

/// What came of a job.
struct Built {
    executable: Executable,
    from: Origin,
}

/// Where an executable came from.
enum Origin {
    Loaded,
    Compiled { quickly: bool },
}

impl<'a> Programs<'a> {
    pub(super) fn new(
        client: Client,
        (manifest, modules): (Arc<Manifest>, Arc<dyn Modules + 'a>),
        with: CompiledWith,
        options: CompileOptions,
        cache: Option<ExecutableCache>,
    ) -> Self {
        let (board, changed) = (Mutex::default(), Condvar::new());
        let refuses_quick = AtomicBool::new(false);
        let shared = CompileQueue { client, options, refuses_quick, cache, board, changed };
        let (workers, known) = (Mutex::default(), Mutex::default());
        let (use_packaged, is_hurried) = (true, false);
        Self { manifest, modules, with, use_packaged, is_hurried, shared: Arc::new(shared), workers, known }
    }

    /// The same, for a run that waits for them: a CPU's small programs are compiled quickly. Not for an artifact, whose programs
    /// run more often than they are compiled, nor where someone asks for an optimization level.
    pub(super) fn hurried(mut self) -> Self {
        let asked_for = self.shared.options.optimization_level.is_some();
        self.is_hurried = self.manifest.target.platform == Platform::Cpu && !asked_for;
        self
    }

    /// The same, with or without the executables that come with the modules.
    pub(super) fn with_packaged(mut self, use_packaged: bool) -> Self {
        self.use_packaged = use_packaged;
        self
    }

    /// Starts to compile programs that are likely to be needed, in this order.
    ///
    /// A module that is missing or cannot be lowered shows when the program is asked for.
    pub(super) fn prepare(&self, ids: impl IntoIterator<Item = ProgramId>) {
        for id in ids {
            // What is wrong with it is told to who needs it.
            drop(self.known(id, |jobs, job| jobs.push_back(job)));
        }
        let waiting = self.shared.lock().jobs.len();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let mut workers = lock(&self.workers);
        workers.retain(|worker| !worker.is_finished());
        while workers.len() < waiting.min(processors) {
            let shared = Arc::clone(&self.shared);
            workers.push(std::thread::spawn(move || while shared.work() {}));
        }
    }

    /// A program, its outputs compared with its manifest; waits for it, or compiles it here.
    pub(super) fn get(&self, id: ProgramId) -> Result<Program, RunError> {
        let known = self.known(id, |jobs, job| jobs.push_front(job))?;
        let executable = self.executable(id, &known.key)?;
        match Program::mismatch(&executable, &known.abi) {
            None => Ok(Program { id, executable, abi: known.abi }),
            Some(problem) => Err(self.misfit(format!("program {id} is not what its manifest says: {problem}"))),
        }
    }

    /// What it means that a module does not fit its manifest.
    fn misfit(&self, reason: String) -> RunError {
        if self.modules.is_from_file() { ArtifactError::Damaged { reason }.into() } else { RunError::bug(reason) }
    }

    fn executable(&self, id: ProgramId, key: &str) -> Result<Arc<Executable>, RunError> {
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

    /// What is known of a program. Where nothing is, its module is taken, and given to `queue` unless another program's is
    /// the same.
    fn known(&self, id: ProgramId, queue: impl FnOnce(&mut VecDeque<Job>, Job)) -> Result<Known, RunError> {
        if let Some(known) = lock(&self.known).get(&id) {
            return Ok(known.clone());
        }
        let abi = Arc::new(self.abi(id)?);
        let text = self.modules.module(id)?.into_owned();
        let key = program_key(&text);
        let packaged = if self.use_packaged { self.modules.executable(&key, &self.with) } else { None };
        let packaged = packaged.map(std::borrow::Cow::into_owned);
        let known = Known { key: key.clone(), abi: Arc::clone(&abi) };
        let mut board = self.shared.lock();
        if !board.knows(&key) {
            let quick = self.is_hurried && is_small(&abi, &text);
            queue(&mut board.jobs, Job { id, key, text, packaged, abi, quick });
        }
        drop(board);
        lock(&self.known).insert(id, known.clone());
        Ok(known)
    }

    fn abi(&self, id: ProgramId) -> Result<Abi, RunError> {
        let stage = self.manifest.variants.get(id.variant).and_then(|variant| variant.stages.get(id.stage));
        let stage = stage.ok_or_else(|| RunError::bug(format!("there is no program {id}")))?;
        let abi = Abi::of(stage, &self.manifest.host_tables, id.kind, id.rung);
        abi.map_err(|missing| RunError::bug(format!("program {id}: {missing}")))
    }

    /// Where the executables came from so far.
    pub(super) fn stats(&self) -> CompileStats {
        self.shared.lock().stats.clone()
    }

    /// A module that XLA refuses is our fault; anything else is the machine's.
    fn refused(&self, id: ProgramId, error: &PjrtError) -> RunError {
        match error.code() {
            Some(crate::pjrt::ErrorCode::InvalidArgument | crate::pjrt::ErrorCode::Unimplemented) => {
                self.misfit(format!("program {id} does not compile for {}: {error}", self.with.target))
            }
            _ => error.clone().into(),
        }
    }
}

impl Drop for Programs<'_> {
    fn drop(&mut self) {
        self.shared.lock().jobs.clear();
        for worker in lock(&self.workers).drain(..) {
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn knows(&self, key: &str) -> bool {
        self.done.contains_key(key) || self.running.contains(key) || self.jobs.iter().any(|job| job.key == key)
    }
}

impl CompileQueue {
    fn lock(&self) -> MutexGuard<'_, Board> {
        lock(&self.board)
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
                match built.from {
                    Origin::Compiled { quickly } => {
                        stats.compiled += 1;
                        stats.compiled_quickly += usize::from(quickly);
                        stats.compile += took;
                        stats.each.push((job.id, took));
                    }
                    Origin::Loaded => {
                        stats.loaded += 1;
                        stats.load += took;
                    }
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
            && let Some(executable) = self.load(packaged, &job.abi)
        {
            return Ok(Built { executable, from: Origin::Loaded });
        }
        if let Some(cache) = &self.cache
            && let Some(cached) = cache.get(&job.key)
        {
            match self.load(&cached, &job.abi) {
                Some(executable) => return Ok(Built { executable, from: Origin::Loaded }),
                None => cache.remove(&job.key),
            }
        }
        let wanted = job.quick && !self.refuses_quick.load(Ordering::Relaxed);
        let compile = |quick| self.client.compile(&job.text, &CompileOptions { quick, ..self.options.clone() });
        let (executable, quickly) = match compile(wanted) {
            Err(error) if wanted && error.is_of_an_unknown_option() => {
                self.refuses_quick.store(true, Ordering::Relaxed);
                (compile(false)?, false)
            }
            compiled => (compiled?, wanted),
        };
        if let Some(cache) = &self.cache
            && let Ok(bytes) = executable.serialize()
        {
            cache.put(&job.key, &bytes);
        }
        Ok(Built { executable, from: Origin::Compiled { quickly } })
    }

    /// An executable that cannot be loaded here, or is another program's, is as good as none.
    fn load(&self, bytes: &[u8], abi: &Abi) -> Option<Executable> {
        let executable = self.client.load(bytes).ok()?;
        let fits = executable.replicas() == self.options.replicas && Program::mismatch(&executable, abi).is_none();
        fits.then_some(executable)
    }
}
