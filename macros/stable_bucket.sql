{#- A whole number from 0 to 9999 that never changes for an identity, and differs per salt.
    Null for a null identity.

    Recipe, the same on every warehouse: the md5 of the salt in hex, followed by the identity as
    text; the md5 of that; its first 8 hex digits as an unsigned number; modulo 10,000. Hashing
    the salt first keeps ('ab', 'c') and ('a', 'bc') apart. -#}
{% macro stable_bucket(salt, identity) -%}
    {{ return(adapter.dispatch('stable_bucket', 'activation')(salt, identity)) }}
{%- endmacro %}

{% macro default__stable_bucket(salt, identity) -%}
    {{ activation._lacks('stable_bucket') }}
{%- endmacro %}

{#- The salted identity, as text. -#}
{% macro _salted(salt, identity) -%}
    '{{ local_md5(salt) }}' || {{ activation._as_text(identity) }}
{%- endmacro %}

{% macro duckdb__stable_bucket(salt, identity) -%}
    cast(
            cast(
                '0x' || left(md5({{ activation._salted(salt, identity) }}), 8)
                as bigint
            ) % 10000 as integer
        )
{%- endmacro %}

{% macro postgres__stable_bucket(salt, identity) -%}
    cast(
            cast(
                cast(
                    'x' || left(md5({{ activation._salted(salt, identity) }}), 8)
                    as bit(32)
                ) as bigint
            ) % 10000 as integer
        )
{%- endmacro %}

{% macro redshift__stable_bucket(salt, identity) -%}
    cast(
            strtol(left(md5({{ activation._salted(salt, identity) }}), 8), 16) % 10000 as integer
        )
{%- endmacro %}

{% macro snowflake__stable_bucket(salt, identity) -%}
    cast(
            mod(
                to_number(left(md5({{ activation._salted(salt, identity) }}), 8), 'XXXXXXXX'),
                10000
            ) as integer
        )
{%- endmacro %}

{% macro bigquery__stable_bucket(salt, identity) -%}
    mod(
            cast(
                '0x' || left(to_hex(md5({{ activation._salted(salt, identity) }})), 8) as int64
            ),
            10000
        )
{%- endmacro %}

{% macro spark__stable_bucket(salt, identity) -%}
    cast(
            cast(
                conv(substring(md5({{ activation._salted(salt, identity) }}), 1, 8), 16, 10) as bigint
            ) % 10000 as int
        )
{%- endmacro %}

{% macro trino__stable_bucket(salt, identity) -%}
    cast(
            from_base(
                substr(to_hex(md5(to_utf8({{ activation._salted(salt, identity) }}))), 1, 8), 16
            ) % 10000 as integer
        )
{%- endmacro %}

{% macro athena__stable_bucket(salt, identity) -%}
    {{ activation.trino__stable_bucket(salt, identity) }}
{%- endmacro %}
