//! A real Slurm of four emulated nodes, for one test: its daemons keep everything in a folder of their own, and end with it.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Pipeline, Said, programs, skipped};

/// Emulated machines.
const NODES: usize = 4;

/// How long anything may take before it is told what does not go on. Slurm looks at time limits twice a minute.
const PATIENCE: Duration = Duration::from_secs(110);

/// What has to be installed; Debian has it in slurmctld, slurmd, slurm-client, munge and slurm-wlm-basic-plugins.
const PROGRAMS: [&str; 5] = ["munged", "slurmctld", "slurmd", "sbatch", "squeue"];

/// The cluster, which is gone when this is.
pub struct Slurm {
    folder: TempDir,
}

impl Slurm {
    /// Starts it, or says that the test is skipped where Slurm is not installed.
    pub fn start() -> Option<Self> {
        if let Some(missing) = PROGRAMS.iter().find(|name| program(name).is_none()) {
            skipped(&format!("there is no {missing} here: `cargo xtask setup --slurm` installs it"));
            return None;
        }
        let slurm = Self { folder: tempfile::tempdir().unwrap() };
        slurm.configure();
        let [socket, key, pid, seed, log] =
            ["munge/socket", "munge/key", "munge/pid", "munge/seed", "log/munged"].map(|name| slurm.path(name));
        slurm.daemon(
            "munged",
            &[
                "--force",
                &format!("--socket={socket}"),
                &format!("--key-file={key}"),
                &format!("--pid-file={pid}"),
                &format!("--seed-file={seed}"),
                &format!("--log-file={log}"),
            ],
        );
        slurm.daemon("slurmctld", &["-c"]);
        for node in 1..=NODES {
            slurm.daemon("slurmd", &["-N", &format!("node{node}")]);
        }
        slurm.wait_for("the nodes to come up", || {
            let states = slurm.ask("sinfo", &["--noheader", "--Node", "--format=%T"]);
            states.lines().filter(|state| *state == "idle").count() == NODES
        });
        Some(slurm)
    }

    /// Runs `cargo xtask` with these words for a pipeline, which has Slurm's programs at hand and [stand-ins](stand_in) for its own.
    pub fn run(&self, pipeline: &Pipeline, words: &[&str]) -> Said {
        let mut command = pipeline.command(words);
        command.env("SLURM_CONF", self.path("slurm.conf"));
        if pipeline.path("bin").exists() {
            command.env("NIJIGEN_BIN_DIR", pipeline.path("bin"));
        }
        Said::of(&command.output().unwrap())
    }

    /// Runs it and expects exit code 0.
    pub fn succeed(&self, pipeline: &Pipeline, words: &[&str]) -> Said {
        let said = self.run(pipeline, words);
        assert_eq!(said.code, Some(0), "{words:?}\n{}\n{}", said.stderr, self.logs(pipeline));
        said
    }

    /// What one of Slurm's programs says; nothing where it fails.
    pub fn ask(&self, name: &str, words: &[&str]) -> String {
        let output = self.command(name).args(words).stderr(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Waits until no job is queued or at work.
    pub fn wait_until_idle(&self) {
        self.wait_for("the queue to empty", || self.ask("squeue", &["--noheader"]).is_empty());
    }

    /// Waits for something to be so.
    pub fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}:\n{}\n{}",
                self.ask("squeue", &[]),
                self.own_logs()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The power of a node fails: its daemon and all that runs there die at once, and the controller is told, which would take it
    /// half a minute to find out.
    pub fn power_off(&self, node: &str) {
        let here = format!("SLURMD_NODENAME={node}");
        let mut dead = self.processes(|environment| environment.contains(&here));
        let parents: Vec<u32> = dead.iter().filter_map(|process| parent(*process)).collect();
        dead.extend(parents.into_iter().filter(|process| name(*process).as_deref() == Some("slurmstepd")));
        dead.extend(fs::read_to_string(self.path(&format!("slurmd-{node}.pid"))).unwrap().trim().parse::<u32>());
        kill(&dead);
        self.ask("scontrol", &["update", &format!("nodename={node}"), "state=DOWN", "reason=power"]);
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name).unwrap_or_else(|| name.into()));
        command.env("SLURM_CONF", self.path("slurm.conf")).stdin(Stdio::null());
        command
    }

    fn daemon(&self, name: &str, words: &[&str]) {
        let output = self.command(name).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} does not start: {said}\n{}", self.own_logs());
    }

    fn configure(&self) {
        let said = |name: &str, word: &str| {
            let output = Command::new(name).arg(word).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let (user, host) = (said("id", "-un"), said("hostname", "-s"));
        for (name, mode) in [("", 0o755), ("munge", 0o700), ("state", 0o755), ("log", 0o755)] {
            fs::create_dir_all(self.path(name)).unwrap();
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut random = fs::File::open("/dev/urandom").unwrap();
        let mut key = [0; 1024];
        std::io::Read::read_exact(&mut random, &mut key).unwrap();
        fs::write(self.path("munge/key"), key).unwrap();
        fs::set_permissions(self.path("munge/key"), fs::Permissions::from_mode(0o600)).unwrap();

        let folder = self.path("");
        let folder = folder.trim_end_matches('/');
        let ports = free_ports(NODES + 1);
        let mut text = format!(
            "ClusterName=nijigen\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmUser={user}\nSlurmdUser={user}\n\
             AuthType=auth/munge\nCredType=cred/munge\n\
             # A job that goes back may start only when its credential has run out, which takes two minutes unless said.\n\
             AuthInfo=socket={folder}/munge/socket,cred_expire=5\n\
             StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool-%n\n\
             SlurmctldPidFile={folder}/slurmctld.pid\nSlurmdPidFile={folder}/slurmd-%n.pid\n\
             SlurmctldLogFile={folder}/log/slurmctld\nSlurmdLogFile={folder}/log/slurmd-%n\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
             MpiDefault=none\nSwitchType=switch/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n\
             # The nodes may have more processors than this machine.\nSlurmdParameters=config_overrides\n\
             SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0,sched_min_interval=100000\n\
             ReturnToService=2\nKillWait=2\nMinJobAge=3600\nMaxArraySize=1001\nAccountingStorageType=accounting_storage/none\n",
            ports[0],
        );
        for (node, port) in (1..=NODES).zip(&ports[1..]) {
            fs::create_dir_all(self.path(&format!("spool-node{node}"))).unwrap();
            let address = format!("NodeHostname={host} NodeAddr=127.0.0.1 Port={port}");
            text += &format!("NodeName=node{node} {address} CPUs=2 State=UNKNOWN\n");
        }
        text += &format!("PartitionName=main Nodes=node[1-{NODES}] Default=YES MaxTime=60 State=UP\n");
        fs::write(self.path("slurm.conf"), text).unwrap();
    }

    /// The processes of this cluster, of whose environment something holds.
    fn processes(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<u32> {
        let own = format!("SLURM_CONF={}", self.path("slurm.conf"));
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        let is_of = |process: &u32| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment);
            environment.contains(&own) && is_wanted(&environment)
        };
        all.filter(is_of).collect()
    }

    /// What the daemons say.
    fn own_logs(&self) -> String {
        ends_of_files(Path::new(&self.path("log")))
    }

    /// What a pipeline's jobs say.
    pub fn logs(&self, pipeline: &Pipeline) -> String {
        ends_of_files(&pipeline.path("data/cluster"))
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        // What a daemon starts meanwhile is found the next time.
        for _ in 0..5 {
            kill(&self.processes(|_| true));
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Has a shell script stand in for one of a pipeline's programs, which `$REAL` names within; the others are the real ones.
pub fn stand_in(pipeline: &Pipeline, name: &str, script: &str) {
    let (real, bin) = (programs(), pipeline.path("bin"));
    fs::create_dir_all(&bin).unwrap();
    for entry in fs::read_dir(&real).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() && entry.path().extension().is_none() {
            symlink(entry.path(), bin.join(entry.file_name())).unwrap();
        }
    }
    fs::remove_file(bin.join(name)).unwrap();
    let real = real.join(name);
    let text = format!("#!/bin/sh\ncd '{}'\nREAL='{}'\n{script}\n", pipeline.path("").display(), real.display());
    fs::write(bin.join(name), text).unwrap();
    fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Where a program lies; daemons lie where not every user looks.
fn program(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&paths).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Ports that nobody listens on.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

fn name(process: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim().to_owned())
}

fn parent(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn kill(processes: &[u32]) {
    let words = processes.iter().map(ToString::to_string);
    // One that has just ended is no reason to complain.
    let _ = Command::new("kill").arg("-9").args(words).stderr(Stdio::null()).status();
}

fn ends_of_files(folder: &Path) -> String {
    let Ok(entries) = fs::read_dir(folder) else { return String::new() };
    let end = |path: PathBuf| {
        let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("== {}\n{}\n", path.display(), lines[lines.len().saturating_sub(12)..].join("\n"))
    };
    entries.map(|entry| end(entry.unwrap().path())).collect()
}
