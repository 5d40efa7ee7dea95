//! What outcomes mean, for every capability that changes the answer.

mod confirming;
mod halts;
mod issuing;
mod overlap;
mod promoting;
mod recovering;
mod requests;
mod retiring;
mod unusable;
