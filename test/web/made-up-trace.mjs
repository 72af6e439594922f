// The messages of any call of the made-up platform: 1001 calls 1002, both at proxy-1.
const NODE = { kind: 'pair', name: 'node-1', local: '127.9.0.1:5060', peer: '127.9.0.2:5060', transport: 'inside' };
const phone = (peer) => ({ kind: 'outside', name: '', local: '192.0.2.1:5060', peer, transport: 'udp' });
const [CALLER, CALLED] = [phone('192.0.2.17:5060'), phone('192.0.2.18:5060')];
const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.17\r\ns=-\r\nc=IN IP4 192.0.2.17\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

function text(first, call, cseq, body = '') {
  const head = [first, 'Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK1', 'From: <sip:1001@home>;tag=a', `To: <sip:1002@home>${first.startsWith('SIP') ? ';tag=b' : ''}`];
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return [...head, `Call-ID: ${call}`, `CSeq: ${cseq}`, ...type, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

const INVITE = 'INVITE sip:1002@home SIP/2.0';
const WAY = [
  [CALLER, true, text(INVITE, 'first', '1 INVITE', SDP)],
  [CALLER, true, text(INVITE, 'first', '1 INVITE', SDP)],
  [CALLER, false, text('SIP/2.0 407 Proxy Authentication Required', 'first', '1 INVITE')],
  [CALLER, true, text(INVITE, 'first', '2 INVITE', SDP)],
  [NODE, false, text(INVITE, 'first', '2 INVITE', SDP)],
  [NODE, true, text(INVITE, 'second', '1 INVITE', SDP)],
  [CALLED, false, text(INVITE, 'second', '1 INVITE', SDP)],
  [CALLED, true, text('SIP/2.0 180 Ringing', 'second', '1 INVITE')],
  [NODE, false, text('SIP/2.0 180 Ringing', 'second', '1 INVITE')],
  [NODE, true, text('SIP/2.0 180 Ringing', 'first', '2 INVITE')],
  [CALLER, false, text('SIP/2.0 180 Ringing', 'first', '2 INVITE')],
];

export function traced(name, query) {
  const began = (Date.now() - 60000) * 1000;
  if (name === 'trace/dialogs') {
    const dialog = { call: query.get('call'), method: 'INVITE', from: '1001', to: '1002', began_at: String(began), messages: WAY.length };
    return { asked: 1, answers: [{ proxy: 'proxy-1', dialogs: ['second', 'first'].map((sip) => ({ sip, ...dialog })) }] };
  }
  const messages = WAY.map(([who, received, all], at) => ({ number: String(at + 1), at: String(began + at * 1700), received, ...who, length: all.length, text: all }));
  return { asked: 1, answers: [{ proxy: 'proxy-1', started: '1', messages, last: String(WAY.length), more: false }] };
}
