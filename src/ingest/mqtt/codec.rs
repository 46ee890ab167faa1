//! The protocol, without a socket: MQTT 3.1.1 and 5.0.
//!
//! In: what a broker sent. Out: what it means to a subscriber, and the bytes
//! to send back. Acknowledgements are written where the caller takes them from,
//! so that it may first see to it that a message is not lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mqtt_protocol_core::mqtt::common::{Cursor, HashSet};
use mqtt_protocol_core::mqtt::connection::{Connection, ConnectionOptions, Event, role};
use mqtt_protocol_core::mqtt::packet::{
    GenericPacketTrait, Packet, Qos, SessionExpiryInterval, SubEntry, SubOpts, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, ConnectReturnCode, DisconnectReasonCode, MqttError};
use mqtt_protocol_core::mqtt::{ArcPayload, Version};

use crate::config::source::{MqttVersion, Topic};
use crate::ingest::fault::Fault;
use crate::ingest::intake;

/// How long a broker keeps a session whose client is gone, seconds: a day.
const SESSION_EXPIRY_SECS: u32 = 24 * 3_600;

/// What a broker says.
pub enum Heard {
    /// The session stands.
    Connected,
    /// Whether each topic was granted, in order.
    Subscribed(Vec<bool>),
    /// A message.
    Letter(Letter),
    /// Anything else: it is there.
    Life,
}

/// A message of a topic.
pub enum Letter {
    /// In version 3.1.1.
    V3(v3_1_1::Publish),
    /// In version 5.0.
    V5(v5_0::Publish),
}

/// Who connects, and how.
pub struct Greeting<'a> {
    /// Name of the session.
    pub client_id: &'a str,
    /// User.
    pub username: Option<&'a str>,
    /// Password.
    pub password: Option<&'a str>,
    /// Longest silence of the client, seconds.
    pub keep_alive_secs: u16,
    /// Whether the session ends with the connection.
    pub clean_session: bool,
}

/// One connection.
pub struct Codec {
    connection: Connection<role::Client>,
    version: MqttVersion,
    max_bytes: u64,
    heard: Vec<Heard>,
    out: Vec<u8>,
    fault: Option<Fault>,
}

/// What of a session goes on in the next connection: messages that are to come
/// once, and came.
#[derive(Clone, Default)]
pub struct Remembered(HashSet<u16>);

impl Letter {
    /// The topic.
    pub fn topic(&self) -> &str {
        match self {
            Self::V3(letter) => letter.topic_name(),
            Self::V5(letter) => letter.topic_name(),
        }
    }

    /// What it says.
    pub fn body(&self) -> &[u8] {
        let payload: &ArcPayload = match self {
            Self::V3(letter) => letter.payload(),
            Self::V5(letter) => letter.payload(),
        };
        payload.as_slice()
    }
}

impl intake::Message for Letter {
    fn bytes(&self) -> usize {
        self.body().len()
    }
}

impl Codec {
    /// A connection on which nothing was said, for messages of at most `max_bytes`.
    pub fn new(version: MqttVersion, max_bytes: u64, remembered: Remembered) -> Self {
        let number = match version {
            MqttVersion::V3 => Version::V3_1_1,
            MqttVersion::V5 => Version::V5_0,
        };
        let limit = u32::try_from(max_bytes).unwrap_or(u32::MAX);
        let options = ConnectionOptions::new().maximum_packet_size_recv(limit);
        let mut connection = Connection::with_options(number, options);
        connection.set_auto_pub_response(true);
        connection.restore_qos2_publish_handled(remembered.0);
        Self { connection, version, max_bytes, heard: Vec::new(), out: Vec::new(), fault: None }
    }

    /// What the next connection of the session must know.
    pub fn remembered(&self) -> Remembered {
        Remembered(self.connection.get_qos2_publish_handled())
    }

    /// Asks for a session.
    ///
    /// # Errors
    /// When a name is no text of MQTT.
    pub fn connect(&mut self, greeting: &Greeting<'_>) -> Result<(), Fault> {
        let unusable = |_: MqttError| Fault::Unusable("client_id、用户名或密码不能用于 MQTT".into());
        // The two builders are alike, and of different types.
        macro_rules! connect {
            ($builder:expr, $clean:ident) => {{
                let mut builder = $builder.client_id(greeting.client_id).map_err(unusable)?;
                builder = builder.$clean(greeting.clean_session).keep_alive(greeting.keep_alive_secs);
                if let Some(username) = greeting.username {
                    builder = builder.user_name(username).map_err(unusable)?;
                }
                if let Some(password) = greeting.password {
                    builder = builder.password(password).map_err(unusable)?;
                }
                builder
            }};
        }
        let events = match self.version {
            MqttVersion::V3 => {
                let packet = connect!(v3_1_1::Connect::builder(), clean_session).build().map_err(unusable)?;
                self.connection.checked_send(packet)
            }
            MqttVersion::V5 => {
                let mut builder = connect!(v5_0::Connect::builder(), clean_start);
                if !greeting.clean_session {
                    let expiry = SessionExpiryInterval::new(SESSION_EXPIRY_SECS).map_err(unusable)?;
                    builder = builder.props(vec![expiry.into()]);
                }
                self.connection.checked_send(builder.build().map_err(unusable)?)
            }
        };
        self.take(events);
        Ok(())
    }

    /// Asks for topics.
    ///
    /// # Errors
    /// When a topic is none.
    pub fn subscribe(&mut self, topics: &[Topic], qos: u8) -> Result<(), Fault> {
        let unusable = |_: MqttError| Fault::Unusable("主题不能用于 MQTT".into());
        let qos = Qos::try_from(qos).unwrap_or(Qos::AtLeastOnce);
        let entries: Result<Vec<_>, _> =
            topics.iter().map(|topic| SubEntry::new(&topic.filter, SubOpts::new().set_qos(qos))).collect();
        let entries = entries.map_err(unusable)?;
        let id = self.connection.acquire_packet_id().map_err(unusable)?;
        let events = match self.version {
            MqttVersion::V3 => {
                let packet = v3_1_1::Subscribe::builder().packet_id(id).entries(entries).build();
                self.connection.checked_send(packet.map_err(unusable)?)
            }
            MqttVersion::V5 => {
                let packet = v5_0::Subscribe::builder().packet_id(id).entries(entries).build();
                self.connection.checked_send(packet.map_err(unusable)?)
            }
        };
        self.take(events);
        Ok(())
    }

    /// Asks for a sign of life.
    pub fn ping(&mut self) {
        let events = match self.version {
            MqttVersion::V3 => v3_1_1::Pingreq::builder().build().map(|ping| self.connection.checked_send(ping)),
            MqttVersion::V5 => v5_0::Pingreq::builder().build().map(|ping| self.connection.checked_send(ping)),
        };
        self.take(events.unwrap_or_default());
    }

    /// Says goodbye, so that the broker waits for nobody.
    pub fn disconnect(&mut self) {
        let events = match self.version {
            MqttVersion::V3 => v3_1_1::Disconnect::builder().build().map(|last| self.connection.checked_send(last)),
            MqttVersion::V5 => v5_0::Disconnect::builder().build().map(|last| self.connection.checked_send(last)),
        };
        self.take(events.unwrap_or_default());
    }

    /// Reads what came.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut cursor = Cursor::new(bytes);
        while self.fault.is_none() && cursor.position() < bytes.len() as u64 {
            self.read(&mut cursor);
        }
    }

    /// As [`Self::feed`], until something is heard; how many bytes that took.
    pub fn feed_first(&mut self, bytes: &[u8]) -> usize {
        let mut cursor = Cursor::new(bytes);
        while self.fault.is_none() && self.heard.is_empty() && cursor.position() < bytes.len() as u64 {
            self.read(&mut cursor);
        }
        usize::try_from(cursor.position()).unwrap_or(bytes.len())
    }

    /// Reads one packet, if all of it is there. The library (0.7.9) breaks down
    /// on some that are malformed, as one to be acknowledged that has number 0;
    /// what it is then left with is not used any more.
    fn read(&mut self, cursor: &mut Cursor<&[u8]>) {
        let connection = &mut self.connection;
        match catch_unwind(AssertUnwindSafe(|| connection.recv(cursor))) {
            Ok(events) => self.take(events),
            Err(_) => self.fail(Fault::NotMqtt),
        }
    }

    /// What was heard since the last call.
    pub fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// What is to be sent.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Why the connection is of no more use.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.clone()
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => self.out.extend(packet.to_continuous_buffer()),
                Event::NotifyPacketReceived(packet) => self.hear(packet),
                Event::NotifyError(error) => self.fail(match error {
                    MqttError::PacketTooLarge => Fault::TooLarge { limit: self.max_bytes },
                    _ => Fault::NotMqtt,
                }),
                // Whoever asked for the end says why, or has said it.
                Event::RequestClose
                | Event::NotifyPacketIdReleased(_)
                | Event::RequestTimerReset { .. }
                | Event::RequestTimerCancel(_) => {}
            }
        }
    }

    fn hear(&mut self, packet: Packet) {
        let heard = match packet {
            Packet::V3_1_1Publish(letter) => Heard::Letter(Letter::V3(letter)),
            Packet::V5_0Publish(letter) => Heard::Letter(Letter::V5(letter)),
            Packet::V3_1_1Connack(answer) => match answer.return_code() {
                ConnectReturnCode::Accepted => self.connected(answer.session_present()),
                code => return self.fail(refused_v3(code)),
            },
            Packet::V5_0Connack(answer) => match answer.reason_code() {
                ConnectReasonCode::Success => self.connected(answer.session_present()),
                code => return self.fail(refused_v5(code)),
            },
            Packet::V3_1_1Suback(answer) => {
                Heard::Subscribed(answer.return_codes().iter().map(|code| code.is_success()).collect())
            }
            Packet::V5_0Suback(answer) => {
                Heard::Subscribed(answer.reason_codes().iter().map(|code| code.is_success()).collect())
            }
            Packet::V5_0Disconnect(last) => return self.fail(ended(last.reason_code())),
            _ => Heard::Life,
        };
        self.heard.push(heard);
    }

    fn connected(&mut self, has_session: bool) -> Heard {
        if !has_session {
            self.connection.restore_qos2_publish_handled(HashSet::default());
        }
        Heard::Connected
    }

    /// The first fault is the reason, and others follow from it.
    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// Trying again with the same password may lock the account.
fn denied(reason: &str) -> Fault {
    Fault::BrokerDenied(format!("连接:{reason}"))
}

fn refused_v3(code: ConnectReturnCode) -> Fault {
    let reason = match code {
        ConnectReturnCode::UnacceptableProtocolVersion => "不支持这一协议版本,请改 version",
        ConnectReturnCode::IdentifierRejected => "client_id 不被接受",
        ConnectReturnCode::BadUserNameOrPassword => return denied("用户名或密码不对"),
        ConnectReturnCode::NotAuthorized => return denied("未授权,请检查用户名、密码和 client_id"),
        ConnectReturnCode::ServerUnavailable | ConnectReturnCode::Accepted => "暂停服务",
    };
    Fault::BrokerRefused(format!("连接:{reason}"))
}

fn refused_v5(code: ConnectReasonCode) -> Fault {
    let reason = match code {
        ConnectReasonCode::UnsupportedProtocolVersion => "不支持这一协议版本,请改 version",
        ConnectReasonCode::ClientIdentifierNotValid => "client_id 不被接受",
        ConnectReasonCode::BadUserNameOrPassword => return denied("用户名或密码不对"),
        ConnectReasonCode::NotAuthorized => return denied("未授权,请检查用户名、密码和 client_id"),
        ConnectReasonCode::Banned => "已被禁止",
        ConnectReasonCode::ServerUnavailable | ConnectReasonCode::ServerBusy => "暂停服务",
        ConnectReasonCode::QuotaExceeded | ConnectReasonCode::ConnectionRateExceeded => "超过配额",
        other => return Fault::BrokerRefused(format!("连接:原因码 0x{:02X}", other as u8)),
    };
    Fault::BrokerRefused(format!("连接:{reason}"))
}

fn ended(code: Option<DisconnectReasonCode>) -> Fault {
    match code {
        Some(DisconnectReasonCode::SessionTakenOver) => Fault::hangup("另一个客户端用了同一个 client_id"),
        Some(DisconnectReasonCode::ServerShuttingDown) => Fault::hangup("服务器正在停止"),
        Some(DisconnectReasonCode::KeepAliveTimeout) => Fault::hangup("超过心跳时限"),
        Some(DisconnectReasonCode::NotAuthorized) => Fault::hangup("未授权"),
        Some(other) => Fault::hangup(&format!("原因码 0x{:02X}", other as u8)),
        None => Fault::hangup(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_breaks_the_library_down_is_a_fault() {
        let mut codec = Codec::new(MqttVersion::V5, 1 << 16, Remembered::default());
        let greeting =
            Greeting { client_id: "c", username: None, password: None, keep_alive_secs: 30, clean_session: true };
        codec.connect(&greeting).unwrap();
        codec.feed(&[0x20, 3, 0, 0, 0]);
        assert!(matches!(codec.take_heard()[..], [Heard::Connected]));
        // To be acknowledged, and without a number.
        codec.feed(&[0x32, 8, 0, 1, b'a', 0, 0, 0, b'{', b'}']);
        assert_eq!(codec.fault(), Some(Fault::NotMqtt));
        codec.ping();
        codec.disconnect();
    }
}
