//! Systems Manager: documents that are change calendars, and whether those are open.
//!
//! Owns: the calendars. Never: any other kind of document, which is refused.

mod calendar;

use crate::account::{Account, epoch, seconds};
use crate::input::{required, text, texts, unknown};
use calendar::Calendar;
use jiff::Timestamp;
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Calendars kept.
const MAX_DOCUMENTS: usize = 500;
/// The most that a document may weigh.
const MAX_CONTENT: usize = 64 * 1024;
/// What AWS keeps names for that are its own.
const RESERVED: [&str; 3] = ["aws", "amazon", "amzn"];
/// What CreateDocument is told of a calendar.
const OFFERED: [&str; 4] = ["Content", "DocumentFormat", "DocumentType", "Name"];

/// Systems Manager in miniature. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ssm {
    account: Account,
    calendars: Arc<Mutex<BTreeMap<String, Calendar>>>,
}

impl Ssm {
    /// Without documents.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, calendars: Arc::default() }
    }

    /// Answers one call of the service `ssm`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        self.call_at(operation, input, rehearsal_world::now())
    }

    fn call_at(&self, operation: &str, input: &Value, now: Timestamp) -> Result<Value, ApiError> {
        match operation {
            "CreateDocument" => self.create(input, now),
            "DeleteDocument" => self.delete(input),
            "GetCalendarState" => self.state(input, now),
            other => Err(unknown(other)),
        }
    }

    fn create(&self, input: &Value, now: Timestamp) -> Result<Value, ApiError> {
        let name = required(input, "Name", INVALID)?;
        let content = required(input, "Content", INVALID)?;
        let given = input.as_object().into_iter().flatten().map(|(member, _)| member.as_str());
        let others: Vec<&str> = given.filter(|member| !OFFERED.contains(member)).collect();
        if !others.is_empty() {
            return Err(ApiError::new(
                INVALID,
                format!("{} of a document is not offered here", others.join(", ")),
            ));
        }
        let (kind, format) = (text(input, "DocumentType"), text(input, "DocumentFormat"));
        if kind != Some("ChangeCalendar") || format != Some("TEXT") {
            let message =
                "the rehearsal keeps documents with DocumentType ChangeCalendar and DocumentFormat TEXT only";
            return Err(ApiError::new(INVALID, message));
        }
        if RESERVED.iter().any(|prefix| name.to_ascii_lowercase().starts_with(prefix)) {
            return Err(ApiError::new(
                INVALID,
                format!("{name} begins as names do that AWS keeps for itself"),
            ));
        }
        if content.len() > MAX_CONTENT {
            return Err(ApiError::new("MaxDocumentSizeExceeded", format!("more than {MAX_CONTENT} bytes")));
        }
        let calendar = Calendar::read(content).map_err(|why| ApiError::new("InvalidDocumentContent", why))?;
        let mut all = self.calendars.lock();
        if all.contains_key(name) {
            return Err(ApiError::new("DocumentAlreadyExists", format!("{name} is there already")));
        }
        if all.len() >= MAX_DOCUMENTS {
            return Err(ApiError::new(
                "DocumentLimitExceeded",
                format!("more than {MAX_DOCUMENTS} documents"),
            ));
        }
        all.insert(name.to_owned(), calendar);
        Ok(json!({ "DocumentDescription": {
            "Name": name, "Owner": self.account.id, "CreatedDate": epoch(now), "Status": "Active",
            "DocumentVersion": "1", "LatestVersion": "1", "DefaultVersion": "1", "DocumentType": kind,
            "DocumentFormat": format,
        } }))
    }

    fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "Name", INVALID)?;
        for member in ["DocumentVersion", "VersionName"] {
            if text(input, member).is_some() {
                return Err(ApiError::new(INVALID, format!("{member}: a calendar here has one version")));
            }
        }
        self.calendars.lock().remove(name).map(|_| json!({})).ok_or_else(|| none(name))
    }

    fn state(&self, input: &Value, now: Timestamp) -> Result<Value, ApiError> {
        let at = match text(input, "AtTime") {
            Some(time) => time.parse().map_err(|_| {
                ApiError::new(INVALID, format!("AtTime {time} is no time as ISO 8601 has it"))
            })?,
            None => now,
        };
        let names = texts(input, "CalendarNames");
        let all = self.calendars.lock();
        // Documents of other accounts and regions are none that there are here.
        let home = self.account.arn("ssm", "document/");
        let find =
            |name: &&str| all.get(name.strip_prefix(home.as_str()).unwrap_or(name)).ok_or_else(|| none(name));
        let calendars: Vec<&Calendar> = names.iter().map(find).collect::<Result<_, _>>()?;
        if calendars.is_empty() {
            return Err(ApiError::new(INVALID, "CalendarNames names none"));
        }
        let (is_open, next) = Calendar::state(&calendars, at);
        let mut answer = json!({ "State": if is_open { "OPEN" } else { "CLOSED" }, "AtTime": seconds(at) });
        if let Some(next) = next {
            answer["NextTransitionTime"] = seconds(next).into();
        }
        Ok(answer)
    }
}

const INVALID: &str = "ValidationException";

fn none(name: &str) -> ApiError {
    ApiError::new("InvalidDocument", format!("Document with name {name} does not exist."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &str = "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nBEGIN:VEVENT\nDTSTART:20261224T000000Z\nDTEND:20261227T000000Z\nEND:VEVENT\nEND:VCALENDAR\n";

    fn document(name: &str) -> Value {
        json!({ "Name": name, "Content": CONTENT, "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT" })
    }

    fn checked(operation: &str, answer: &Value) {
        let problems = rehearsal_wire::check_output(rehearsal_wire::Service::Ssm, operation, answer);
        assert_eq!(problems, [""; 0], "{answer}");
    }

    #[test]
    fn a_calendar_is_made_asked_and_deleted() {
        let ssm = Ssm::new(Account::default());
        let now: Timestamp = "2026-12-25T00:00:00Z".parse().unwrap();
        let made = ssm.call_at("CreateDocument", &document("freezes"), now).unwrap();
        checked("CreateDocument", &made);
        assert_eq!(
            ssm.call("CreateDocument", &document("freezes")).unwrap_err().code,
            "DocumentAlreadyExists"
        );
        for name in ["freezes", "arn:aws:ssm:us-east-1:123456789012:document/freezes"] {
            let state = ssm.call_at("GetCalendarState", &json!({ "CalendarNames": [name] }), now).unwrap();
            checked("GetCalendarState", &state);
            let expected = json!({ "State": "CLOSED", "AtTime": "2026-12-25T00:00:00Z",
                "NextTransitionTime": "2026-12-27T00:00:00Z" });
            assert_eq!(state, expected);
        }
        let later = json!({ "CalendarNames": ["freezes"], "AtTime": "2026-12-27T01:00:00+0100" });
        let later = ssm.call_at("GetCalendarState", &later, now).unwrap();
        assert_eq!(later, json!({ "State": "OPEN", "AtTime": "2026-12-27T00:00:00Z" }));
        assert!(ssm.call("DeleteDocument", &json!({ "Name": "freezes" })).is_ok());
        for name in ["freezes", "arn:aws:ssm:us-east-1:210987654321:document/freezes"] {
            let gone = ssm.call("GetCalendarState", &json!({ "CalendarNames": [name] })).unwrap_err();
            assert_eq!(gone.code, "InvalidDocument");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused_in_words() {
        let ssm = Ssm::new(Account::default());
        for (member, value, code) in [
            ("DocumentType", json!("Command"), INVALID),
            ("DocumentFormat", json!("YAML"), INVALID),
            ("Tags", json!([{ "Key": "a", "Value": "b" }]), INVALID),
            ("Name", json!("AWSfreezes"), INVALID),
            ("Content", json!("freeze"), "InvalidDocumentContent"),
            ("Content", json!("x".repeat(MAX_CONTENT + 1)), "MaxDocumentSizeExceeded"),
        ] {
            let mut input = document("freezes");
            input[member] = value;
            assert_eq!(ssm.call("CreateDocument", &input).unwrap_err().code, code, "{member}");
        }
        let when = json!({ "CalendarNames": ["x"], "AtTime": "soon" });
        assert!(ssm.call("GetCalendarState", &when).unwrap_err().message.contains("ISO 8601"));
        let none = json!({ "CalendarNames": [] });
        assert!(ssm.call("GetCalendarState", &none).unwrap_err().message.contains("names none"));
    }
}
