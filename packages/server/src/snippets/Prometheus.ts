/** Alerts on the figures of a gate, each with its section in the runbooks: a file for `rule_files` of Prometheus. */
export const prometheus = (): string =>
  `# Alerts on the figures of jotgate, for rule_files of Prometheus. Each has its section in docs/runbooks.md.
#   promtool check rules jotgate.rules.yaml
groups:
  - name: jotgate
    rules:
      - record: jotgate:decisions:rate5m
        expr: sum by (job, verdict) (rate(jotgate_decisions_total[5m]))
      - record: jotgate:decision_seconds:p99_5m
        expr: histogram_quantile(0.99, sum by (job, le) (rate(jotgate_decision_seconds_bucket[5m])))

      - alert: JotgateDown
        expr: up{job=~".*jotgate.*"} == 0
        for: 1m
        labels: { severity: page }
        annotations:
          summary: A gate does not answer its scrape
          description: "{{ $labels.instance }} has not answered for a minute: nobody passes it."
          runbook_url: docs/runbooks.md#jotgatedown

      - alert: JotgateIssuerNotReady
        expr: jotgate_issuer_ready == 0
        for: 1m
        labels: { severity: page }
        annotations:
          summary: Tokens of an issuer cannot be verified
          description: "{{ $labels.instance }} has no keys of {{ $labels.issuer }}: its tokens are 503 issuer_unavailable."
          runbook_url: docs/runbooks.md#jotgateissuernotready

      - alert: JotgateKeysStale
        expr: jotgate_keys_stale == 1
        for: 10m
        labels: { severity: ticket }
        annotations:
          summary: The keys of an issuer cannot be fetched any more
          description: "{{ $labels.instance }} goes on with the keys of {{ $labels.issuer }} as long as keys.stale allows, and refuses new ones."
          runbook_url: docs/runbooks.md#jotgatekeysstale

      - alert: JotgateKeyFetchesFail
        expr: sum by (instance, job, issuer) (rate(jotgate_key_fetches_total{result="failed"}[15m])) > 0 and sum by (instance, job, issuer) (rate(jotgate_key_fetches_total{result="ok"}[15m])) == 0
        for: 5m
        labels: { severity: ticket }
        annotations:
          summary: No fetch of an issuer's keys is successful
          description: "Every fetch of {{ $labels.issuer }} by {{ $labels.instance }} has failed for 15 minutes."
          runbook_url: docs/runbooks.md#jotgatekeyfetchesfail

      - alert: JotgateUnavailable
        expr: sum by (job, code) (rate(jotgate_decisions_total{status="503"}[5m])) / ignoring (code) group_left sum by (job) (rate(jotgate_decisions_total[5m])) > 0.01
        for: 2m
        labels: { severity: page }
        annotations:
          summary: Callers are refused because something that decisions need does not answer
          description: "{{ $value | humanizePercentage }} of the answers are 503 {{ $labels.code }}."
          runbook_url: docs/runbooks.md#jotgateunavailable

      - alert: JotgateDenialsRise
        expr: sum by (job) (rate(jotgate_decisions_total{verdict="deny"}[10m])) / sum by (job) (rate(jotgate_decisions_total[10m])) > 3 * sum by (job) (rate(jotgate_decisions_total{verdict="deny"}[10m] offset 1d)) / sum by (job) (rate(jotgate_decisions_total[10m] offset 1d)) and sum by (job) (rate(jotgate_decisions_total{verdict="deny"}[10m])) > 0.5
        for: 10m
        labels: { severity: ticket }
        annotations:
          summary: Three times as many callers are denied as yesterday
          description: "{{ $value | humanizePercentage }} of the decisions are denials."
          runbook_url: docs/runbooks.md#jotgatedenialsrise

      - alert: JotgateSlow
        expr: jotgate:decision_seconds:p99_5m > 0.1
        for: 10m
        labels: { severity: ticket }
        annotations:
          summary: Decisions are slow
          description: "One of a hundred decisions takes more than {{ $value | humanizeDuration }}."
          runbook_url: docs/runbooks.md#jotgateslow

      - alert: JotgateEventLoopLate
        expr: jotgate_event_loop_delay_p99_seconds > 0.2
        for: 5m
        labels: { severity: ticket }
        annotations:
          summary: A gate is busy beyond what one process can do
          description: "The event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late."
          runbook_url: docs/runbooks.md#jotgateeventlooplate

      - alert: JotgateUpstreamFails
        expr: sum by (job) (rate(jotgate_upstream_requests_total{end=~"unreachable|timeout|broken"}[5m])) / sum by (job) (rate(jotgate_upstream_requests_total[5m])) > 0.05
        for: 5m
        labels: { severity: page }
        annotations:
          summary: An upstream does not answer
          description: "{{ $value | humanizePercentage }} of the requests to upstreams failed."
          runbook_url: docs/runbooks.md#jotgateupstreamfails

      - alert: JotgateAuditNotWritten
        expr: jotgate_audit_writable == 0 or increase(jotgate_audit_dropped_total[10m]) > 0
        for: 1m
        labels: { severity: page }
        annotations:
          summary: Lines of decisions are lost, or callers refused for want of them
          description: "{{ $labels.instance }} cannot write its audit."
          runbook_url: docs/runbooks.md#jotgateauditnotwritten

      - alert: JotgateRecordsWait
        expr: jotgate_records_store_away == 1 or jotgate_records_waiting > 10000
        for: 2m
        labels: { severity: ticket }
        annotations:
          summary: The store of records does not take them
          description: "Records of {{ $labels.instance }} wait in memory; beyond 50 000 they are lost."
          runbook_url: docs/runbooks.md#jotgaterecordswait

      - alert: JotgateRecordsLost
        expr: increase(jotgate_records_dropped_total[10m]) > 0
        labels: { severity: page }
        annotations:
          summary: Records of answers are lost
          description: "{{ $labels.instance }} has lost {{ $value | humanize }} records in ten minutes."
          runbook_url: docs/runbooks.md#jotgaterecordslost

      - alert: JotgateDirectoryWritesLost
        expr: increase(jotgate_directory_writes_dropped_total[15m]) > 0
        labels: { severity: ticket }
        annotations:
          summary: Memberships, roles or links of people were not written
          description: "{{ $labels.instance }} has given up {{ $value | humanize }} batches of writes."
          runbook_url: docs/runbooks.md#jotgatedirectorywriteslost

      - alert: JotgateConfigRefused
        expr: jotgate_config_last_reload_successful == 0
        for: 5m
        labels: { severity: ticket }
        annotations:
          summary: The configuration file is not what is in force
          description: "{{ $labels.instance }} has refused the last change of its file and goes on as before."
          runbook_url: docs/runbooks.md#jotgateconfigrefused

      - alert: JotgateConfigsDiffer
        expr: count by (job) (count by (job, version) (jotgate_config_info)) > 1
        for: 15m
        labels: { severity: ticket }
        annotations:
          summary: Gates decide by different configurations
          description: "{{ $value }} versions of the configuration are in force."
          runbook_url: docs/runbooks.md#jotgateconfigsdiffer

      - alert: JotgateDefects
        expr: increase(jotgate_defects_total[10m]) > 0
        labels: { severity: ticket }
        annotations:
          summary: Something happened that nobody expected
          description: "{{ $labels.instance }}, {{ $labels.where }}: each ended one connection, and stands in the log."
          runbook_url: docs/runbooks.md#jotgatedefects
`
