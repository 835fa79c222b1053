//! What a verb works with: the account, the stack, the screen.

use crate::args::Globals;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::{account, stack};
use changeover_aws::Aws;
use changeover_aws::ledger::Ledger;
use changeover_aws::stacks::Stack;
use changeover_domain::Timestamp;
use changeover_domain::freeze::Freeze;

/// What a verb works with.
pub struct Session {
    /// The account.
    pub aws: Aws,
    /// Changeover's stack in it.
    pub stack: Stack,
    /// Where answers go.
    pub screen: Screen,
}

impl Session {
    /// Connects, and finds the stack.
    pub async fn open(globals: &Globals) -> Result<Self, Failure> {
        let aws = account::connect(globals).await?;
        let stack = stack::find(&aws, globals).await?;
        Ok(Self { aws, stack, screen: Screen::of(globals) })
    }

    /// The stack's ledger.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::new(&self.aws, &self.stack.table)
    }

    /// The freeze that lasts, if one does.
    pub async fn freeze(&self) -> Result<Option<Freeze>, Failure> {
        Ok(self.ledger().freeze().await?)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
