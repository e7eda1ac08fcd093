//! Arguments: noun, then verb.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The centre of a Qayd programme.
#[derive(Debug, Parser)]
#[command(name = "qayd-server", version)]
pub struct Arguments {
    /// The programme's folder.
    #[arg(long, global = true, env = "QAYD_CENTRE", default_value = "centre")]
    pub folder: PathBuf,
    /// Data as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    pub passphrases: PassphraseFiles,
    #[command(subcommand)]
    pub command: Command,
}

/// Where passphrases come from. Without a file: QAYD_ROOT_PASSPHRASE, QAYD_CENTRE_PASSPHRASE, QAYD_OPENING_PASSPHRASE;
/// without those: the terminal.
#[derive(Debug, Clone, Args)]
pub struct PassphraseFiles {
    /// File with the root key's passphrase on its first line.
    #[arg(long, global = true, value_name = "FILE")]
    pub root_passphrase_file: Option<PathBuf>,
    /// File with the passphrase of the keys that run the centre.
    #[arg(long, global = true, value_name = "FILE")]
    pub centre_passphrase_file: Option<PathBuf>,
    /// File with the opening keys' passphrase.
    #[arg(long, global = true, value_name = "FILE")]
    pub opening_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a programme: root key, centre keys, opening keys, TLS, signed packs, register.
    Init(Init),
    /// Serves stations, the console, or both.
    Serve(Serve),
    /// Makes a one-time invitation for one station.
    Invite(Invite),
    /// Reviewers and auditors.
    #[command(subcommand)]
    Staff(Staff),
    /// Stations.
    #[command(subcommand)]
    Station(Station),
    /// Packets that were taken in.
    #[command(subcommand)]
    Packet(Packet),
    /// Alarms.
    #[command(subcommand)]
    Alarm(Alarm),
    /// The centre's own journal.
    #[command(subcommand)]
    Journal(Journal),
    /// Copies register and packets into a folder, while the centre works.
    Backup {
        /// The backup's folder; an earlier backup in it is brought up to date.
        dir: PathBuf,
    },
    /// Verifies a backup and restores it into the programme's folder, which must not hold one.
    Restore {
        /// The backup's folder.
        dir: PathBuf,
        /// The root key the programme must have, 64 hexadecimal digits.
        #[arg(long)]
        root: Option<String>,
        /// Verify alone; write nothing.
        #[arg(long)]
        verify_only: bool,
    },
}

#[derive(Debug, Args)]
pub struct Init {
    /// The programme's name.
    #[arg(long)]
    pub name: String,
    /// Where stations reach the centre: `https://host[:port]`.
    #[arg(long)]
    pub url: String,
    /// Further DNS names and IP addresses of the server's certificate.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// This machine's name in receipts.
    #[arg(long, default_value = "node-1")]
    pub node: String,
    /// Folder of procedure packs.
    #[arg(long, default_value = "packs")]
    pub packs: PathBuf,
    /// Cost of a guess at a passphrase.
    #[arg(long, value_enum, default_value_t = Argon::Standard)]
    pub argon: Argon,
}

/// Cost of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Argon {
    /// 256 MiB, 3 passes.
    Standard,
    /// 64 MiB, 3 passes: the least that is accepted.
    Floor,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; port 0 takes any.
    #[arg(long, default_value = "0.0.0.0:8443")]
    pub listen: SocketAddr,
    /// What this process does.
    #[arg(long, value_enum, default_value_t = RoleArgument::All)]
    pub role: RoleArgument,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    /// Takes packets in; holds no opening key.
    Intake,
    /// Opens, examines, serves the console.
    Review,
    /// Both.
    All,
}

#[derive(Debug, Args)]
pub struct Invite {
    /// Kind of station: camp, hospital, embassy, provincial_site.
    #[arg(long)]
    pub kind: String,
    /// Code of the place where it works.
    #[arg(long)]
    pub site: String,
    /// Its name, for people.
    #[arg(long)]
    pub name: String,
    /// Packs it may offer, separated by commas; none: all that its kind offers.
    #[arg(long, value_delimiter = ',')]
    pub packs: Vec<String>,
    /// It will work on real people: simulated devices are refused there.
    #[arg(long)]
    pub production: bool,
    /// Days the invitation may wait.
    #[arg(long, default_value_t = 30)]
    pub days: u16,
    /// The invitation's file, `*.qayd-invitation`. It is a secret until it was used.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Adds a person who works at the centre.
    Add {
        /// What they sign in as.
        #[arg(long)]
        login: String,
        /// Their name, for colleagues.
        #[arg(long)]
        name: String,
        /// reviewer, senior_reviewer or auditor.
        #[arg(long)]
        role: String,
        /// Home offices whose cases they see, separated by commas; none: all.
        #[arg(long, value_delimiter = ',')]
        offices: Vec<String>,
        /// File with their first password; else QAYD_STAFF_PASSWORD, else the terminal.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Cost of a guess at the password.
        #[arg(long, value_enum, default_value_t = Argon::Standard)]
        argon: Argon,
    },
    /// Lists everyone.
    List,
    /// Removes a person and ends their sessions.
    Remove {
        /// What they sign in as.
        #[arg(long)]
        login: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Station {
    /// Lists stations with what is missing of each.
    List,
    /// Revokes a station: what it sends from now on is quarantined, not lost.
    Revoke {
        /// The station.
        station: String,
        /// Packets up to this sequence number stay trusted.
        #[arg(long)]
        trusted_sequence: Option<u64>,
        /// Code of the table revocation-reasons.
        #[arg(long, default_value = "lost")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Packet {
    /// What intake recorded about a packet.
    Show {
        /// The packet.
        packet: String,
    },
    /// Opens a packet into a folder, as key custodian. Written into the journal before anything is opened.
    Open {
        /// The packet.
        packet: String,
        /// A new folder for what was inside.
        #[arg(long)]
        output: PathBuf,
        /// Why, for the journal.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Alarm {
    /// The newest alarms.
    List {
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Walks the whole chain.
    Verify,
}
