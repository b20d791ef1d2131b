#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The devstack plugin: enable_plugin baremetal-svc <git URL>. See devstack/README.rst.

_XTRACE_BMS_PLUGIN=$(set +o | grep xtrace)
set +o xtrace

# shellcheck source=devstack/lib/baremetal-svc
source "$BMS_DIR/devstack/lib/baremetal-svc"

if is_baremetal_svc_enabled; then
    case "$1 ${2:-}" in
        "stack install")
            echo_summary "Installing baremetal-svc"
            install_baremetal_svc
            ;;
        "stack post-config")
            echo_summary "Configuring baremetal-svc"
            configure_baremetal_svc
            create_baremetal_svc_accounts
            init_baremetal_svc
            ;;
        "stack extra")
            # Whether Ironic runs already does not matter: operations wait for it.
            echo_summary "Starting baremetal-svc"
            start_baremetal_svc
            ;;
    esac
fi

# Also when the service was disabled since: what an earlier run left goes.
case "$1" in
    unstack) stop_baremetal_svc ;;
    clean) cleanup_baremetal_svc ;;
esac

$_XTRACE_BMS_PLUGIN
