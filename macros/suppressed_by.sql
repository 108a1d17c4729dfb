{#- True where the identity stands in a suppression model, or in any of a list of them.

    `key` is the identity column of that model; the name after the last dot of `identity` unless said.
    `until` is its column that says when a suppression ends: a row counts through that
    day, and for ever where it is null. Without `until`, every row counts.
    A null identity gives null, so that `where not` keeps it out; that is written out, because Spark
    says false where a null is looked for in a query. -#}
{% macro suppressed_by(identity, suppressions, key=none, until=none) -%}
    {%- set relations = [suppressions] if suppressions is mapping or suppressions is string
        else suppressions -%}
    {%- set key = key or identity.split('.') | last -%}
    case
            when {{ identity }} is not null then (
                {%- for relation in relations %}
                {{ 'or ' if not loop.first }}{{ activation._person(identity) }} in (
                    select {{ activation._person('suppressed.' ~ key) }}
                    from {{ relation }} as suppressed
                    where
                        suppressed.{{ key }} is not null
                        {%- if until is not none %}
                        and (
                            suppressed.{{ until }} is null
                            or cast(suppressed.{{ until }} as date) >= {{ activation.as_of() }}
                        )
                        {%- endif %}
                )
                {%- endfor %}
            )
        end
{%- endmacro %}
