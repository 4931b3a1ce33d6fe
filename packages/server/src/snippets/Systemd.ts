/** A hardened unit: nobody in particular, with a folder for rows and one for saved keys, and nothing else. */
export const systemd = (): string =>
  `# jotgate as a service: /etc/jotgate/jotgate.yaml, secrets in /etc/jotgate/environment (mode 0600, root).
#
#   npm install --global --prefix /opt/jotgate-0.2.0 ./jotgate-0.2.0.tgz && ln -sfn jotgate-0.2.0 /opt/jotgate
#   cp jotgate.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now jotgate
[Unit]
Description=jotgate, the gate where tokens are read
Documentation=file:/opt/jotgate/lib/node_modules/jotgate/README.md
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart=/opt/jotgate/bin/jotgate serve --config /etc/jotgate/jotgate.yaml
# A changed file is read at once; this is for secrets and certificates whose names have not changed.
ExecReload=/bin/kill -HUP $MAINPID
# gateway.drain and the requests that still run.
TimeoutStopSec=35
Restart=always
RestartSec=1
EnvironmentFile=-/etc/jotgate/environment
WorkingDirectory=/var/lib/jotgate
LimitNOFILE=65536
MemoryMax=1G

# Nobody in particular, with a directory for the rows and one for the saved keys, and nothing else.
DynamicUser=yes
StateDirectory=jotgate
CacheDirectory=jotgate
ConfigurationDirectory=jotgate
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
DevicePolicy=closed
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute is not set: V8 compiles at run time.

[Install]
WantedBy=multi-user.target
`
