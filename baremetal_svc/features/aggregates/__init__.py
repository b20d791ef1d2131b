# SPDX-License-Identifier: Apache-2.0
"""Aggregates and availability zones, as Mogan had them: a view on the tags of nodes. Operators make them, tenants name a zone.

A node of an aggregate carries the tag "aggregate=ID" and a tag "key=value" for each entry of its metadata; the key availability_zone makes
a zone, the key affinity_zone is the failure domain of server groups.
"""
