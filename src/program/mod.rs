//! A program of the operator's: how it is started, bounded, confined and ended, and
//! how its answer is read. The kinds `exec` of issuers and connections run one; they
//! say what it is asked, and what its words mean.

mod answer;
mod ask;
mod child;
mod confinement;
mod left_behind;
mod question;
mod settings;
mod user;

pub(crate) use self::answer::{Answer, Common, Reply};
pub use self::left_behind::reap;
pub(crate) use self::question::Question;
pub(crate) use self::settings::{
    ProgramSettings, default_confine, default_timeout, default_working_dir, literal_remedy,
};
pub use self::user::UserName;
