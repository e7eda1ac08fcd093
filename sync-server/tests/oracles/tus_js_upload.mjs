// Uploads packets with tus-js-client. It knows nothing of Qayd; its hook signs each request as RFC 9421 says.
// Argument: a JSON file {base, ca, station, seed, files: [path], chunk}. NODE_EXTRA_CA_CERTS names the authority.
import { createPrivateKey, sign } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import https from 'node:https'
import path from 'node:path'

const require = createRequire(path.join(process.env.QAYD_NODE_MODULES, 'any.js'))
const tus = require('tus-js-client')
const job = JSON.parse(readFileSync(process.argv[2]))
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(job.seed, 'hex')])
const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })

const freshNonce = () =>
  new Promise((resolve, reject) => {
    https.get(`${job.base}/sync/v1/hello`, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.headers['qayd-nonce']))
    }).on('error', reject)
  })

async function signRequest(request) {
  const method = request.getMethod()
  const components = [['@method', method], ['@target-uri', request.getURL()]]
  if (method === 'PATCH') components.push(['upload-offset', String(request.getHeader('Upload-Offset'))])
  const nonce = method === 'POST' || method === 'DELETE' ? await freshNonce() : 'any'
  const names = components.map(([name]) => `"${name}"`).join(' ')
  const params = `(${names});created=1;nonce="${nonce}";keyid="${job.station}";alg="ed25519";tag="qayd-sync"`
  const base = components.map(([name, value]) => `"${name}": ${value}\n`).join('') + `"@signature-params": ${params}`
  request.setHeader('Signature-Input', `qayd=${params}`)
  request.setHeader('Signature', `qayd=:${sign(null, Buffer.from(base), key).toString('base64')}:`)
}

function upload(file, abortAt, url) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(createReadStream(file), {
      endpoint: `${job.base}/sync/v1/uploads`,
      uploadUrl: url,
      uploadSize: statSync(file).size,
      chunkSize: job.chunk,
      uploadDataDuringCreation: !url && !abortAt,
      retryDelays: [],
      storeFingerprintForResuming: false,
      metadata: { filename: path.basename(file) },
      onBeforeRequest: signRequest,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      onChunkComplete: (_, accepted) => {
        if (abortAt && accepted >= abortAt) upload.abort().then(() => resolve(upload.url))
      },
    })
    upload.start()
  })
}

for (const [index, file] of job.files.entries()) {
  if (index % 2 === 0) {
    await upload(file)
  } else {
    // Broken off after a piece, then gone on with from where the server says it stands.
    const url = await upload(file, job.chunk)
    await upload(file, undefined, url)
  }
}
console.log('ok')
