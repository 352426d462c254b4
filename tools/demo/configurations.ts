/** A web server of its own: loopback only, all its files in one folder. */
export function nginxConfiguration({ folder, port }: { readonly folder: string; readonly port: number }): string {
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log;
events { worker_connections 256; }
http {
  access_log ${folder}/access.log combined;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-fastcgi;
  uwsgi_temp_path ${folder}/nginx-uwsgi;
  scgi_temp_path ${folder}/nginx-scgi;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 "hello\\n"; }
    location /missing { return 404; }
    location /broken { return 502; }
  }
}
`
}

export interface WatchedFile {
  /** Becomes the service of its lines. */
  readonly tag: string
  readonly path: string
}

/** rsyslog as Debian ships it, reading files and writing to what it takes for an Elasticsearch. */
export function rsyslogConfiguration({ folder, port, apiKey, files }: { readonly folder: string; readonly port: number; readonly apiKey: string; readonly files: readonly WatchedFile[] }): string {
  const inputs = files.map(({ tag, path }) => `input(type="imfile" File="${path}" Tag="${tag}" Severity="info" Facility="local7")`).join('\n')
  return `
global(workDirectory="${folder}/spool" maxMessageSize="64k")
module(load="imfile")
module(load="omelasticsearch")

template(name="event" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="service" name="programname" format="jsonf")
  property(outname="status" name="syslogseverity-text" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}

${inputs}

action(type="omelasticsearch" server="http://127.0.0.1" serverport="${port}" uid="millrace" pwd="${apiKey}"
       template="event" searchIndex="machine" searchType="" bulkmode="on" errorfile="${folder}/rsyslog-refused.log"
       queue.type="linkedList" queue.size="200000" queue.dequeueBatchSize="1000" action.resumeRetryCount="-1" action.resumeInterval="1")
`
}
