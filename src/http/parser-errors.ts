import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { PosencError } from '../errors.js';
import type { Exchanges } from './exchanges.js';
import { rawProblem } from './problem.js';
import { newRequestId } from './request-id.js';

/** Time a client has to read a last answer before its connection is cut, in ms. */
const lingerMs = 1000;

/** What Node reports of a request that it cannot read. */
interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** The error of the catalogue that a parser error is. */
function classify(error: ParserError, urlBytes: number): PosencError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new PosencError('request_timeout', 'the request did not arrive whole in time');
    case 'HPE_HEADER_OVERFLOW': {
      // The limit counts the request line too; a packet that begins with a line without end has a long URL.
      const line = error.rawPacket?.subarray(0, urlBytes).toString('latin1') ?? '';
      return /^[A-Z]+ [^ \r\n]*$/.test(line)
        ? new PosencError(
            'url_too_long',
            `the URL is above ${urlBytes} bytes; send the parameters in a POST body`,
          )
        : new PosencError('headers_too_large', 'the headers are above the limit header_bytes');
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new PosencError('body_too_large', 'the extensions of a chunk are too long');
    default:
      return new PosencError('bad_request', 'the request is not valid HTTP/1.1');
  }
}

/** Ends a connection with a last answer, and gives the client time to read it: what it still sends is dropped. */
function closeWith(socket: Socket, answer: string): void {
  socket.end(answer);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}

/**
 * Answers requests that never become one: malformed, too large in the head, too slow. Answers come in order, so
 * one to a malformed request waits for those before it, and none is written into the middle of another.
 */
export function answerParserErrors(
  app: FastifyInstance,
  exchanges: Exchanges,
  urlBytes: number,
  observe: (status: number) => void,
): void {
  const answered = new WeakSet<Socket>();

  const refuse = (error: PosencError, socket: Socket) => {
    const requestId = newRequestId();
    observe(error.status);
    app.log.info({ status: error.status, code: error.code, request_id: requestId }, 'request not readable');
    closeWith(socket, rawProblem(error, requestId));
  };

  const onClientError = (error: ParserError, socket: Socket) => {
    if (answered.has(socket)) return;
    answered.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const last = exchanges.on(socket).at(-1);
    if (!last) {
      refuse(classify(error, urlBytes), socket);
    } else if (last.response.req.complete) {
      last.response.once('finish', () => setImmediate(() => refuse(classify(error, urlBytes), socket)));
    } else if (last.response.headersSent || exchanges.on(socket).length > 1) {
      socket.destroy();
    } else {
      refuse(classify(error, urlBytes), socket);
    }
  };

  // Fastify's own listener stands first; ours takes its place.
  app.server.removeAllListeners('clientError');
  app.server.on('clientError', onClientError);

  app.server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    refuse(new PosencError('bad_request', 'CONNECT has no meaning here: this is no proxy'), socket);
  });
}

/**
 * Asks for the body, once the responses before this one have been sent: Node would put an interim answer that waits
 * behind the head of the final one, in front of its body.
 */
function continueInTurn(response: ServerResponse): void {
  if (response.socket) response.writeContinue();
  else {
    response.once('socket', () => {
      if (!response.headersSent) response.writeContinue();
    });
  }
}

/**
 * Handles `Expect`: a body that will be refused for its size is refused before it is sent, and an expectation
 * other than 100-continue reaches the hooks, which answer 417 (RFC 9110, 10.1.1).
 */
export function answerExpectations(app: FastifyInstance, bodyBytes: number): void {
  const { server } = app;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > bodyBytes)) continueInTurn(response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
}
