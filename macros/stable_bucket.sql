{#- A whole number from 0 to 9999 that never changes for an identity, and differs per salt.
    Null for a null identity.

    Recipe, the same on every warehouse: the md5 of the salt in hex, followed by the identity as
    text; the md5 of that; its first 8 hex digits as an unsigned number; modulo 10,000. Hashing
    the salt first keeps ('ab', 'c') and ('a', 'bc') apart. -#}
{% macro stable_bucket(salt, identity) -%}
    {{ return(adapter.dispatch('stable_bucket', 'activation')(salt, identity)) }}
{%- endmacro %}

{% macro default__stable_bucket(salt, identity) -%}
    {{ exceptions.raise_compiler_error(
        "stable_bucket is not written for " ~ target.type
        ~ "; add " ~ target.type ~ "__stable_bucket in macros/stable_bucket.sql"
    ) }}
{%- endmacro %}

{% macro duckdb__stable_bucket(salt, identity) -%}
    cast(
            cast(
                '0x' || left(md5('{{ local_md5(salt) }}' || cast({{ identity }} as varchar)), 8)
                as bigint
            ) % 10000 as integer
        )
{%- endmacro %}

{% macro postgres__stable_bucket(salt, identity) -%}
    cast(
            cast(
                cast(
                    'x' || left(md5('{{ local_md5(salt) }}' || cast({{ identity }} as varchar)), 8)
                    as bit(32)
                ) as bigint
            ) % 10000 as integer
        )
{%- endmacro %}
